/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is in memory at power on: ROM images, and RAM from a core file or directly from an ELF
 * executable (sections 12.1 to 12.3).
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "umps/machine/machine.h"

#define ROM_MAGIC      0x0253504Du
#define CORE_MAGIC     0x0353504Du
#define AOUT_MAGIC     0x0453504Du
#define HEADER_WORDS   43
#define HEADER_GP      42
#define TEXT_OFFSET    UMPS_PAGE /* of the text segment in RAM: after frame 0 */
#define MAX_FILE_BYTES (64u << 20)

/* The whole file, malloc'ed and followed by a zero byte. */
uint8_t *file_read(const char *path, size_t limit, size_t *length, struct umps_error *error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe must not stop us */
	struct stat st;
	uint8_t *bytes = NULL;
	ssize_t n = 0;

	if (fd < 0 || fstat(fd, &st) < 0) {
		fail(error, "cannot read %s: %s", path, strerror(errno));
	} else if (!S_ISREG(st.st_mode)) {
		fail(error, "cannot read %s: it is not a regular file", path);
	} else if ((size_t)st.st_size > limit) {
		fail(error, "%s is too large: %lld bytes, at most %zu are possible", path,
		     (long long)st.st_size, limit);
	} else {
		bytes = calloc(1, (size_t)st.st_size + 1);
		if (!bytes)
			fail(error, "cannot read %s: out of memory", path);
		for (*length = 0; bytes && *length < (size_t)st.st_size; *length += (size_t)n) {
			n = read(fd, bytes + *length, (size_t)st.st_size - *length);
			if (n <= 0)
				break;
		}
		if (n < 0) {
			fail(error, "cannot read %s: %s", path, strerror(errno));
			free(bytes);
			bytes = NULL;
		}
	}
	if (fd >= 0)
		close(fd);
	return bytes;
}

static uint32_t word_at(const uint8_t *bytes, size_t offset)
{
	uint32_t word;

	memcpy(&word, bytes + offset, sizeof(word));
	return word;
}

/* ---- ROMs */

static int rom_fill(const char *path, const char *field, const uint8_t *bytes, size_t length,
		    struct rom *rom, struct umps_error *error)
{
	uint32_t words;

	if (length < 8 || word_at(bytes, 0) != ROM_MAGIC)
		return fail(error, "%s: %s is not a ROM image (its first word must be 0x%08X)",
			    field, path, ROM_MAGIC);
	words = word_at(bytes, 4);
	if (words > MAX_ROM_BYTES / 4)
		return fail(error, "%s: %s: size is %u words, at most %u are possible", field, path,
			    words, MAX_ROM_BYTES / 4);
	if (length < 8 + 4 * (size_t)words)
		return fail(error, "%s: %s: size is %u words but the file holds only %zu", field,
			    path, words, (length - 8) / 4);
	rom->size = words * 4;
	rom->bytes = pages_alloc(rom->size);
	if (!rom->bytes)
		return fail(error, "%s: out of memory", field);
	memcpy(rom->bytes, bytes + 8, rom->size);
	return 0;
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), tail = strlen(end);

	return length >= tail && !strcmp(text + length - tail, end);
}

/* The file NAME, or BUILTIN: if there is no name, or it is that of the installed file and that is
 * not installed. */
static int rom_load_one(struct umps *m, const char *name, const char *field,
			const struct builtin_rom *builtin, struct rom *rom,
			struct umps_error *error)
{
	char *path = name ? umps_config_path(m->config, name) : NULL;
	uint8_t *bytes;
	size_t length;
	int result;

	if (name && !path)
		return fail(error, "%s: out of memory", field);
	if (!path || (access(path, F_OK) < 0 && path[0] == '/' && ends_with(path, builtin->file))) {
		free(path);
		return rom_fill("the built-in image", field, builtin->start,
				(size_t)(builtin->end - builtin->start), rom, error);
	}
	free(path);
	path = machine_path(m, name, false);
	bytes = path ? file_read(path, MAX_FILE_BYTES, &length, error) : NULL;
	result = bytes ? rom_fill(path, field, bytes, length, rom, error) : -1;
	free(bytes);
	free(path);
	return result;
}

/* Without a core file a machine that has tapes starts from one. */
int rom_load(struct umps *m, struct umps_error *error)
{
	const struct umps_config *c = m->config;
	const struct variant *v = m->variant;
	const struct builtin_rom *boot = &v->boot;

	if (v->tape_boot.file &&
	    (c->bootstrap_rom ? ends_with(c->bootstrap_rom, v->tape_boot.file) : !c->load_core))
		boot = &v->tape_boot;
	if (rom_load_one(m, c->execution_rom, "execution-rom", &v->exec, &m->exec_rom, error) < 0)
		return -1;
	return rom_load_one(m, c->bootstrap_rom, "bootstrap-rom", boot, &m->boot_rom, error);
}

/* ---- RAM */

static int too_large(const struct umps *m, const char *path, size_t need, struct umps_error *error)
{
	return fail(error,
		    "boot.core-file: %s needs %zu bytes but num-ram-frames gives %u; raise it to "
		    "at least %zu",
		    path, need, m->ram_size, (need + UMPS_PAGE - 1) / UMPS_PAGE);
}

static int load_core(struct umps *m, const char *path, const uint8_t *bytes, size_t length,
		     struct umps_error *error)
{
	if (length - 4 > m->ram_size)
		return too_large(m, path, length - 4, error);
	if (length < 4 + TEXT_OFFSET + 4 * HEADER_WORDS ||
	    word_at(bytes, 4 + TEXT_OFFSET) != AOUT_MAGIC)
		return fail(error,
			    "boot.core-file: %s is cut short or has no a.out header (0x%08X) after "
			    "its first frame; make it "
			    "with umps-elf2umps -k",
			    path, AOUT_MAGIC);
	memcpy(m->ram, bytes + 4, length - 4);
	return 0;
}

/* The value of symbol _gp, or 0. */
static uint32_t elf_gp(const uint8_t *bytes, size_t length)
{
	const Elf32_Ehdr *header = (const Elf32_Ehdr *)bytes;
	const Elf32_Shdr *sections = (const Elf32_Shdr *)(bytes + header->e_shoff);

	if (header->e_shoff % 4 || header->e_shoff > length ||
	    header->e_shnum > (length - header->e_shoff) / sizeof(*sections))
		return 0;
	for (int i = 0; i < header->e_shnum; i++) {
		const Elf32_Shdr *s = &sections[i], *names;
		const Elf32_Sym *symbols = (const Elf32_Sym *)(bytes + s->sh_offset);

		if (s->sh_type != SHT_SYMTAB || s->sh_link >= header->e_shnum || s->sh_offset % 4 ||
		    s->sh_offset > length || s->sh_size > length - s->sh_offset)
			continue;
		names = &sections[s->sh_link];
		if (names->sh_offset > length || names->sh_size > length - names->sh_offset)
			continue;
		for (uint32_t n = 0; n < s->sh_size / sizeof(*symbols); n++)
			if (symbols[n].st_name < names->sh_size &&
			    names->sh_size - symbols[n].st_name >= 4 &&
			    !memcmp(bytes + names->sh_offset + symbols[n].st_name, "_gp", 4))
				return symbols[n].st_value;
	}
	return 0;
}

static int load_segment(struct umps *m, const char *path, const uint8_t *bytes, size_t length,
			const Elf32_Phdr *p, struct umps_error *error)
{
	uint32_t at = p->p_vaddr - UMPS_RAM_BASE;

	if (p->p_vaddr < UMPS_RAM_BASE)
		return fail(error,
			    "boot.core-file: %s: a segment starts at 0x%08X, outside RAM; link "
			    "kernels with "
			    "umpscore.ldscript",
			    path, p->p_vaddr);
	if (p->p_filesz > p->p_memsz || p->p_offset > length || p->p_filesz > length - p->p_offset)
		return fail(error, "boot.core-file: %s: the segment at 0x%08X is cut short", path,
			    p->p_vaddr);
	if (at > m->ram_size || p->p_memsz > m->ram_size - at)
		return too_large(m, path, (size_t)at + p->p_memsz, error);
	memcpy(m->ram + at, bytes + p->p_offset, p->p_filesz);
	return 0;
}

/* As if it had gone through umps-elf2umps -k: segments at their addresses, a header for the ROM and
 * crtso. */
static int load_elf(struct umps *m, const char *path, const uint8_t *bytes, size_t length,
		    struct umps_error *error)
{
	const Elf32_Ehdr *header = (const Elf32_Ehdr *)bytes;
	const Elf32_Phdr *segments;
	uint32_t words[3] = {AOUT_MAGIC}; /* and entry, gp */

	if (length >= sizeof(*header) && header->e_machine == EM_RISCV)
		return fail(error,
			    "boot.core-file: %s is a RISC-V program, for a uRISCV machine; only "
			    "uMPS3 machines run here",
			    path);
	if (length < sizeof(*header) || header->e_ident[EI_CLASS] != ELFCLASS32 ||
	    header->e_ident[EI_DATA] != ELFDATA2LSB || header->e_machine != EM_MIPS ||
	    header->e_type != ET_EXEC)
		return fail(error,
			    "boot.core-file: %s is an ELF file, but not a little-endian 32-bit "
			    "MIPS executable",
			    path);
	if (header->e_phoff % 4 || header->e_phoff > length ||
	    header->e_phnum > (length - header->e_phoff) / sizeof(*segments))
		return fail(error, "boot.core-file: %s: its program headers are cut short", path);
	segments = (const Elf32_Phdr *)(bytes + header->e_phoff);
	for (int i = 0; i < header->e_phnum; i++)
		if (segments[i].p_type == PT_LOAD && segments[i].p_memsz &&
		    load_segment(m, path, bytes, length, &segments[i], error) < 0)
			return -1;
	words[1] = header->e_entry;
	words[2] = elf_gp(bytes, length);
	memcpy(m->ram + TEXT_OFFSET, words, 8);
	memcpy(m->ram + TEXT_OFFSET + 4 * HEADER_GP, &words[2], 4);
	return 0;
}

int image_load_core(struct umps *m, const char *path, struct umps_error *error)
{
	size_t length;
	uint8_t *bytes = file_read(path, MAX_FILE_BYTES, &length, error);
	int result;

	if (!bytes)
		return -1;
	if (strstr(path, ".core.uriscv"))
		result = fail(error,
			      "boot.core-file: %s is the kernel of a uRISCV machine; only uMPS3 "
			      "machines run here",
			      path);
	else if (length >= 4 && word_at(bytes, 0) == CORE_MAGIC)
		result = load_core(m, path, bytes, length, error);
	else if (length >= 4 && !memcmp(bytes, ELFMAG, SELFMAG))
		result = load_elf(m, path, bytes, length, error);
	else if (length >= 4 && word_at(bytes, 0) == __builtin_bswap32(CORE_MAGIC))
		result = fail(error,
			      "boot.core-file: %s is for a big-endian machine and this one is "
			      "little-endian; compile and link the kernel with -EL",
			      path);
	else
		result = fail(error,
			      "boot.core-file: %s is neither a core image (first word 0x%08X) nor "
			      "an ELF executable",
			      path, CORE_MAGIC);
	free(bytes);
	return result;
}
