// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What an image holds, by its contents: libblkid knows file systems and partitions, we archives. The
 * probe_ functions run in a process with no authority (apart.c), and their answers are texts.
 */
#include <blkid/blkid.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "umfuse.h"

static const struct {
	const char *bytes;
	size_t length;
	off_t at;
	const char *handlers; /* of avfs(1); what is compressed is a tar archive */
} archives[] = {
	{"ustar", 5, 257, "#utar"},
	{"PK\003\004", 4, 0, "#uzip"},
	{"PK\005\006", 4, 0, "#uzip"}, /* an empty one */
	{"\037\213", 2, 0, "#ugz#utar"},
	{"BZh", 3, 0, "#ubz2#utar"},
	{"\3757zXZ", 6, 0, "#uxz#utar"},
	{"\050\265\057\375", 4, 0, "#uzstd#utar"},
	{"\004\042\115\030", 4, 0, NULL}, /* lz4 */
	{"7z\274\257\047\034", 6, 0, "#u7z"},
	{"Rar!\032\007", 6, 0, "#urar"},
	{"070701", 6, 0, "#ucpio"},
	{"070702", 6, 0, "#ucpio"},
	{"070707", 6, 0, "#ucpio"},
	{"\307\161", 2, 0, "#ucpio"},
	{"\161\307", 2, 0, "#ucpio"},
	{"!<arch>\n", 8, 0, "#uar"},
	{"MSCF", 4, 0, NULL}, /* cabinet */
	{"xar!", 4, 0, NULL},
};

static bool is_zip(const char *bytes)
{
	return bytes[0] == 'P' && bytes[1] == 'K';
}

/* The number of an archive's kind; -1: it is none. */
static int archive_kind(int fd, off_t offset)
{
	char bytes[8];

	for (size_t i = 0; i < sizeof(archives) / sizeof(*archives); i++)
		if (pread(fd, bytes, archives[i].length, offset + archives[i].at) ==
			    (ssize_t)archives[i].length &&
		    !memcmp(bytes, archives[i].bytes, archives[i].length))
			return i;
	return -1;
}

static const char *archive_type(int fd, off_t offset)
{
	int kind = archive_kind(fd, offset);

	if (kind < 0)
		return NULL;
	return is_zip(archives[kind].bytes) ? "zip" : "archive";
}

const char *image_handlers(int fd)
{
	int kind = archive_kind(fd, 0);

	return kind >= 0 && archives[kind].handlers ? archives[kind].handlers : "#utar";
}

static blkid_probe probe_of(int fd, const struct part *part)
{
	blkid_probe probe = blkid_new_probe();

	if (probe &&
	    blkid_probe_set_device(probe, fd, part ? part->offset : 0, part ? part->size : 0)) {
		blkid_free_probe(probe);
		return NULL;
	}
	return probe;
}

static char *probe_type(int fd, const void *argument)
{
	const struct part *part = argument;
	blkid_probe probe = probe_of(fd, part);
	const char *value = NULL;
	char *type = NULL;

	if (probe) {
		blkid_probe_enable_superblocks(probe, 1);
		blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_TYPE);
		if (blkid_do_safeprobe(probe) == 0)
			blkid_probe_lookup_value(probe, "TYPE", &value, NULL);
		if (!value)
			value = archive_type(fd, part ? part->offset : 0);
		if (value)
			type = strdup(value);
		blkid_free_probe(probe);
	}
	return type;
}

char *image_type(int fd, const struct part *part)
{
	return apart(probe_type, fd, part);
}

/* ---- partitions */

static blkid_partlist partitions_of(blkid_probe probe)
{
	blkid_probe_enable_partitions(probe, 1);
	blkid_probe_enable_superblocks(probe, 0);
	return blkid_probe_get_partitions(probe);
}

static void print_size(FILE *out, uint64_t bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	unsigned int unit = 0;

	while (bytes >= 10240 && unit < 4) {
		bytes /= 1024;
		unit++;
	}
	fprintf(out, "%llu %s", (unsigned long long)bytes, units[unit]);
}

static struct part part_of(blkid_partition partition)
{
	return (struct part){.offset = (uint64_t)blkid_partition_get_start(partition) * 512,
			     .size = (uint64_t)blkid_partition_get_size(partition) * 512,
			     .number = blkid_partition_get_partno(partition)};
}

/* "1 (ext4, 20 MiB), 2 (...)", and in a second line the kind of table. */
static char *probe_partitions(int fd, const void *argument)
{
	static const struct {
		const char *type, *name;
	} names[] = {{"dos", "MBR"}, {"gpt", "GPT"}};
	const char *table = "partition";
	blkid_probe probe = probe_of(fd, NULL);
	blkid_partlist list = probe ? partitions_of(probe) : NULL;
	int count = list ? blkid_partlist_numof_partitions(list) : 0;
	blkid_parttable kind = list ? blkid_partlist_get_table(list) : NULL;
	char *text = NULL, *type;
	size_t size;
	FILE *out = count > 0 ? open_memstream(&text, &size) : NULL;

	for (int i = 0; out && i < count; i++) {
		blkid_partition partition = blkid_partlist_get_partition(list, i);
		struct part part = part_of(partition);

		/* A container of others holds nothing itself. */
		if (blkid_partition_is_extended(partition))
			continue;
		type = probe_type(fd, &part);
		fprintf(out, "%s%u (%s, ", ftell(out) ? ", " : "", part.number,
			type ? type : "nothing known");
		print_size(out, part.size);
		fprintf(out, ")");
		free(type);
	}
	for (size_t i = 0; out && kind && i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(blkid_parttable_get_type(kind), names[i].type))
			table = names[i].name;
	if (out) {
		fprintf(out, "\n%s", table);
		fclose(out);
	}
	if (probe)
		blkid_free_probe(probe);
	return text;
}

char *image_partitions(int fd, const char **table)
{
	char *text = apart(probe_partitions, fd, NULL), *line = text ? strchr(text, '\n') : NULL;

	*table = line && !strcmp(line + 1, "MBR")   ? "MBR"
		 : line && !strcmp(line + 1, "GPT") ? "GPT"
						    : "partition";
	if (line)
		*line = '\0';
	return text;
}

/* "OFFSET SIZE" */
static char *probe_partition(int fd, const void *argument)
{
	const unsigned int *number = argument;
	blkid_probe probe = probe_of(fd, NULL);
	blkid_partlist list = probe ? partitions_of(probe) : NULL;
	blkid_partition partition =
		list ? blkid_partlist_get_partition_by_partno(list, *number) : NULL;
	char *text = NULL;
	struct part found;

	if (partition) {
		found = part_of(partition);
		if (asprintf(&text, "%llu %llu", (unsigned long long)found.offset,
			     (unsigned long long)found.size) < 0)
			text = NULL;
	}
	if (probe)
		blkid_free_probe(probe);
	return text;
}

int image_partition(int fd, unsigned int number, struct part *part)
{
	char *text = apart(probe_partition, fd, &number);
	unsigned long long offset, size;
	int error = -ENOENT;

	if (text && sscanf(text, "%llu %llu", &offset, &size) == 2) {
		part->offset += offset;
		if (!part->size || part->size > size)
			part->size = size;
		error = 0;
	}
	free(text);
	return error;
}
