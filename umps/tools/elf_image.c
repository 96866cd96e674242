/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ELF files turned into core, a.out and ROM images, and into symbol tables.
 *
 * A program comes as two loadable segments: text (readable, executable) and, optionally, data
 * (readable, writable). Their sizes rounded up to pages make the buffers; every section that has
 * bytes in the file is copied to its place in one of them, and the header goes into the free words
 * at the start of text. A ROM is the first section of code, as it is.
 */
#include <gelf.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "umps/machine/error.h"
#include "umps/tools/elf_image.h"
#include "umps/tools/words.h"

/* More than any machine or address space of a student kernel holds, less than hurts the host. */
#define MAX_SEGMENT (256u << 20)

struct segment {
	bool present;
	uint32_t address, memory_size, file_size;
	uint8_t *buffer;
	uint32_t buffer_size; /* whole pages */
};

static void warn(struct elf_image *image, const char *format, ...)
{
	size_t used = strlen(image->warnings);
	va_list args;

	va_start(args, format);
	vsnprintf(image->warnings + used, sizeof(image->warnings) - used, format, args);
	va_end(args);
}

static uint32_t whole_pages(uint32_t size)
{
	return (size + PAGE - 1) & ~(PAGE - 1);
}

/* Opens ELF after checking what does not depend on the kind of image. */
static Elf *open_elf(const void *bytes, size_t length, GElf_Ehdr *header, struct umps_error *error)
{
	uint64_t sections_end;
	Elf *elf;

	if (length < SELFMAG || memcmp(bytes, ELFMAG, SELFMAG) != 0) {
		fail(error, "its first bytes are not those of an ELF file");
		return NULL;
	}
	elf_version(EV_CURRENT);
	elf = elf_memory((char *)bytes, length);
	if (!elf || elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, header)) {
		fail(error, "its ELF header cannot be read (%s)", elf_errmsg(-1));
		goto refuse;
	}
	if (gelf_getclass(elf) != ELFCLASS32) {
		fail(error, "its class is ELF64; link for 32 bits (-mabi=32)");
		goto refuse;
	}
	if (header->e_machine != EM_MIPS) {
		fail(error, "its machine is number %u, not MIPS (8); use a MIPS compiler",
		     header->e_machine);
		goto refuse;
	}
	sections_end = header->e_shoff + (uint64_t)header->e_shnum * header->e_shentsize;
	if (sections_end > length) {
		fail(error, "it is cut short: its section headers end at byte %llu, it has %zu",
		     (unsigned long long)sections_end, length);
		goto refuse;
	}
	return elf;
refuse:
	elf_end(elf);
	return NULL;
}

/* The next section from SECTION on (NULL: the first) that has bytes to load; NULL after the last.
 */
static Elf_Scn *next_loaded(Elf *elf, Elf_Scn *section, GElf_Shdr *header)
{
	while ((section = elf_nextscn(elf, section)))
		if (gelf_getshdr(section, header) && header->sh_type == SHT_PROGBITS &&
		    header->sh_flags & SHF_ALLOC)
			return section;
	return NULL;
}

static const char *section_name(Elf *elf, const GElf_Shdr *header)
{
	size_t strings;
	const char *name = NULL;

	if (elf_getshdrstrndx(elf, &strings) == 0)
		name = elf_strptr(elf, strings, header->sh_name);
	return name ? name : "?";
}

static int find_segments(Elf *elf, enum image_kind kind, struct segment *text, struct segment *data,
			 struct elf_image *image, struct umps_error *error)
{
	struct segment *segment;
	const char *name;
	size_t count, i;
	GElf_Phdr header;

	if (elf_getphdrnum(elf, &count) != 0)
		return fail(error, "its program headers cannot be read (%s)", elf_errmsg(-1));
	for (i = 0; i < count; i++) {
		if (!gelf_getphdr(elf, i, &header))
			return fail(error, "program header %zu cannot be read (%s)", i,
				    elf_errmsg(-1));
		if (header.p_type != PT_LOAD || (header.p_memsz == 0 && header.p_filesz == 0))
			continue;
		if (header.p_flags == (PF_R | PF_X)) {
			segment = text;
			name = "text (read, execute)";
		} else if (header.p_flags == (PF_R | PF_W)) {
			segment = data;
			name = "data (read, write)";
		} else {
			warn(image,
			     "program header %zu has flags 0x%x, neither text nor data; ignored\n",
			     i, (unsigned)header.p_flags);
			continue;
		}
		if (segment->present)
			return fail(error,
				    "program header %zu is a second %s segment; link with the "
				    "kit's linker "
				    "script",
				    i, name);
		if (header.p_memsz > MAX_SEGMENT || header.p_filesz > MAX_SEGMENT)
			return fail(error,
				    "program header %zu: %s segment of 0x%llx bytes, at most 0x%x",
				    i, name, (unsigned long long)header.p_memsz, MAX_SEGMENT);
		segment->present = true;
		segment->address = header.p_vaddr;
		segment->memory_size = header.p_memsz;
		segment->file_size = header.p_filesz;
	}
	if (!text->present || text->memory_size == 0)
		return fail(error, "it has no text segment (read, execute), or an empty one");
	text->buffer_size = whole_pages(text->memory_size);
	data->buffer_size = whole_pages(kind == IMAGE_AOUT ? data->file_size : data->memory_size);
	if (!data->present)
		data->address = text->address + text->buffer_size;
	return 0;
}

static int copy_sections(Elf *elf, struct segment *text, struct segment *data,
			 struct umps_error *error)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;

	while ((section = next_loaded(elf, section, &header))) {
		struct segment *to = data->present && header.sh_addr >= data->address ? data : text;
		uint64_t offset = header.sh_addr - to->address;
		Elf_Data *bytes = elf_rawdata(section, NULL);

		if (!bytes)
			return fail(error, "section %s cannot be read (%s)",
				    section_name(elf, &header), elf_errmsg(-1));
		if (header.sh_addr < to->address || offset + bytes->d_size > to->buffer_size)
			return fail(
				error,
				"section %s at 0x%08x, 0x%zx bytes, lies outside the %s segment",
				section_name(elf, &header), (unsigned)header.sh_addr, bytes->d_size,
				to == text ? "text" : "data");
		if (bytes->d_size)
			memcpy(to->buffer + offset, bytes->d_buf, bytes->d_size);
	}
	return 0;
}

/* Calls FUNCTION for every symbol until it says stop; -1 if there is no symbol table. */
static int each_symbol(Elf *elf, bool (*function)(const char *, const GElf_Sym *, void *),
		       void *context)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	GElf_Sym symbol;
	Elf_Data *data;
	const char *name;
	int i;

	while ((section = elf_nextscn(elf, section))) {
		if (!gelf_getshdr(section, &header) || header.sh_type != SHT_SYMTAB)
			continue;
		data = elf_getdata(section, NULL);
		for (i = 0; data && gelf_getsym(data, i, &symbol); i++) {
			name = elf_strptr(elf, header.sh_link, symbol.st_name);
			if (name && !function(name, &symbol, context))
				break;
		}
		return 0;
	}
	return -1;
}

struct sought {
	bool found;
	uint32_t value;
};

static bool is_gp(const char *name, const GElf_Sym *symbol, void *context)
{
	struct sought *sought = context;

	if (strcmp(name, "_gp") == 0)
		*sought = (struct sought){true, symbol->st_value};
	return !sought->found;
}

static int put_header(Elf *elf, const GElf_Ehdr *elf_header, const struct segment *text,
		      const struct segment *data, bool big_endian, struct umps_error *error)
{
	uint32_t header[AOUT_WORDS] = {0};
	struct sought gp = {0};
	int i;

	if (each_symbol(elf, is_gp, &gp) != 0)
		return fail(error, "it has no symbol table; do not strip it");
	if (!gp.found)
		return fail(error, "it has no symbol _gp; link with the kit's linker script");
	header[AOUT_MAGIC] = MAGIC_AOUT;
	header[AOUT_ENTRY] = elf_header->e_entry;
	header[AOUT_TEXT_ADDRESS] = text->address;
	header[AOUT_TEXT_MEMORY_SIZE] = text->memory_size;
	header[AOUT_TEXT_FILE_SIZE] = text->buffer_size;
	header[AOUT_DATA_ADDRESS] = data->address;
	header[AOUT_DATA_MEMORY_SIZE] = data->memory_size;
	header[AOUT_DATA_OFFSET] = text->buffer_size;
	header[AOUT_DATA_FILE_SIZE] = data->buffer_size;
	header[AOUT_GP] = gp.value;
	for (i = 0; i < AOUT_WORDS; i++) {
		if (get_word(text->buffer + i * WORD, false) != 0)
			return fail(error,
				    "no space for the header: the first %d words of text must be "
				    "free, but "
				    "word %d is used; link with the kit's linker script",
				    AOUT_WORDS, i);
		put_word(text->buffer + i * WORD, header[i], big_endian);
	}
	return 0;
}

static int convert_program(Elf *elf, const GElf_Ehdr *header, enum image_kind kind,
			   struct elf_image *image, struct umps_error *error)
{
	struct segment text = {0}, data = {0};
	size_t prefix = kind == IMAGE_CORE ? CORE_HEADER_SIZE : 0;

	if (header->e_type != ET_EXEC)
		return fail(error, "its type is number %u, not an executable (2); link it first",
			    header->e_type);
	if (find_segments(elf, kind, &text, &data, image, error) != 0)
		return -1;
	image->size = prefix + text.buffer_size + data.buffer_size;
	image->bytes = calloc(1, image->size);
	if (!image->bytes)
		return fail(error, "there is no memory for an image of %zu bytes", image->size);
	text.buffer = image->bytes + prefix;
	data.buffer = text.buffer + text.buffer_size;
	if (kind == IMAGE_CORE)
		put_word(image->bytes, MAGIC_CORE, image->big_endian);
	if (copy_sections(elf, &text, &data, error) != 0 ||
	    put_header(elf, header, &text, &data, image->big_endian, error) != 0) {
		free(image->bytes);
		return -1;
	}
	return 0;
}

static int convert_rom(Elf *elf, const GElf_Ehdr *header, struct elf_image *image,
		       struct umps_error *error)
{
	Elf_Scn *section = NULL, *other = NULL;
	GElf_Shdr code, s;
	Elf_Data *bytes;

	if (header->e_type != ET_REL)
		return fail(error,
			    "its type is number %u, not an object file (1); a ROM is not linked",
			    header->e_type);
	do
		section = next_loaded(elf, section, &code);
	while (section && !(code.sh_flags & SHF_EXECINSTR));
	if (!section)
		return fail(error, "it has no section of code");
	bytes = elf_rawdata(section, NULL);
	if (!bytes)
		return fail(error, "section %s cannot be read (%s)", section_name(elf, &code),
			    elf_errmsg(-1));
	while ((other = elf_nextscn(elf, other)))
		if (gelf_getshdr(other, &s) && (s.sh_type == SHT_REL || s.sh_type == SHT_RELA) &&
		    s.sh_info == elf_ndxscn(section) && s.sh_size)
			warn(image, "section %s has relocations, which are not applied\n",
			     section_name(elf, &code));
	image->size = 2 * WORD + (bytes->d_size & ~(size_t)(WORD - 1));
	image->bytes = calloc(1, image->size);
	if (!image->bytes)
		return fail(error, "there is no memory for an image of %zu bytes", image->size);
	put_word(image->bytes, MAGIC_ROM, image->big_endian);
	put_word(image->bytes + WORD, bytes->d_size / WORD, image->big_endian);
	if (bytes->d_size >= WORD)
		memcpy(image->bytes + 2 * WORD, bytes->d_buf, image->size - 2 * WORD);
	return 0;
}

int elf_image(const void *bytes, size_t length, enum image_kind kind, struct elf_image *image,
	      struct umps_error *error)
{
	GElf_Ehdr header;
	Elf *elf = open_elf(bytes, length, &header, error);
	int result;

	if (!elf)
		return -1;
	*image = (struct elf_image){.big_endian = header.e_ident[EI_DATA] == ELFDATA2MSB};
	result = kind == IMAGE_ROM ? convert_rom(elf, &header, image, error)
				   : convert_program(elf, &header, kind, image, error);
	elf_end(elf);
	return result;
}

/* ---- symbol tables */

struct table {
	FILE *lines;
	unsigned functions, objects;
};

static bool add_symbol(const char *name, const GElf_Sym *symbol, void *context)
{
	struct table *table = context;
	int type = GELF_ST_TYPE(symbol->st_info), binding = GELF_ST_BIND(symbol->st_info);

	if ((type != STT_FUNC && type != STT_OBJECT) || !*name ||
	    (*name == '_' && strcmp(name, "__start") != 0))
		return true;
	if (type == STT_FUNC)
		table->functions++;
	else
		table->objects++;
	fprintf(table->lines, "%-32.32s :%s:0x%.8X:0x%.8X:%s\n", name,
		type == STT_FUNC ? "FUN" : "OBJ", (unsigned)symbol->st_value,
		(unsigned)symbol->st_size,
		binding == STB_LOCAL	? "LOC"
		: binding == STB_GLOBAL ? "GLB"
					: "WK ");
	return true;
}

char *elf_symbols(const void *bytes, size_t length, size_t *size, struct umps_error *error)
{
	struct table table = {0};
	GElf_Ehdr header;
	char *lines = NULL, *text = NULL;
	size_t lines_size = 0;
	Elf *elf = open_elf(bytes, length, &header, error);
	uint8_t magic[WORD];
	FILE *out;

	if (!elf)
		return NULL;
	table.lines = open_memstream(&lines, &lines_size);
	if (table.lines && each_symbol(elf, add_symbol, &table) != 0) {
		fail(error, "it has no symbol table; do not strip it");
		fclose(table.lines);
	} else if (table.lines && fclose(table.lines) == 0 && (out = open_memstream(&text, size))) {
		put_word(magic, MAGIC_STAB, header.e_ident[EI_DATA] == ELFDATA2MSB);
		fwrite(magic, 1, WORD, out);
		fprintf(out, "%.8X %.8X\n", table.functions, table.objects);
		fwrite(lines, 1, lines_size, out);
		fclose(out);
	} else {
		fail(error, "there is no memory for its symbol table");
	}
	free(lines);
	elf_end(elf);
	return text;
}
