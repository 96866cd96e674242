/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * same SEED COUNT LEFT RIGHT: the same random calls on two trees that start equal. Every result,
 * error, listing and attribute must be equal after each call, and the trees in the end.
 *
 * A mismatch prints the calls that led to it; the same seed repeats them. "same -c LEFT RIGHT" only
 * compares, and "same -m SEED DIRECTORY" makes a tree to start with.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define OPEN_FILES 8
#define FILE_SIZE  40000
#define HISTORY	   12

static int root[2];
static uint64_t state;
static int files[OPEN_FILES][2];
static char history[HISTORY][256];
static unsigned long step;

static uint32_t random_number(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state >> 16;
}

static unsigned int below(unsigned int n)
{
	return random_number() % n;
}

__attribute__((format(printf, 1, 2))) static void note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(history[step % HISTORY], sizeof(history[0]), format, args);
	va_end(args);
}

__attribute__((format(printf, 1, 2), noreturn)) static void fail(const char *format, ...)
{
	va_list args;

	for (unsigned long i = step < HISTORY ? 0 : step - HISTORY + 1; i <= step; i++)
		printf("# %lu: %s\n", i, history[i % HISTORY]);
	printf("# DIFFERENT: ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	exit(1);
}

/* Both results, with both errors. */
static long both(const char *what, long left, int left_error, long right, int right_error)
{
	if (left != right || (left < 0 && left_error != right_error))
		fail("%s: %ld %s, and %ld %s", what, left,
		     left < 0 ? strerrorname_np(left_error) : "", right,
		     right < 0 ? strerrorname_np(right_error) : "");
	return left;
}

#define DO(what, call)                                                                             \
	({                                                                                         \
		long result_[2];                                                                   \
		int error_[2];                                                                     \
		for (int side = 0; side < 2; side++) {                                             \
			errno = 0;                                                                 \
			result_[side] = (call);                                                    \
			error_[side] = errno;                                                      \
		}                                                                                  \
		both(what, result_[0], error_[0], result_[1], error_[1]);                          \
	})

static const char *random_path(char *path)
{
	static const char *const names[] = {"a", "b", "c", "d", "e", "f"};
	unsigned int depth = 1 + below(3);

	path[0] = '\0';
	for (unsigned int i = 0; i < depth; i++) {
		if (i)
			strcat(path, "/");
		strcat(path, names[below(6)]);
	}
	return path;
}

/* ---- comparing */

/* Descriptors' numbers differ; only whether there is one counts. */
static long opened(int *fd, int result)
{
	*fd = result;
	return result < 0 ? -1 : 0;
}

static int read_names(int dir, const char *path, char ***names)
{
	int fd = openat(dir, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), count = 0;
	struct dirent *entry;
	DIR *stream;

	*names = NULL;
	if (fd < 0)
		return -errno;
	stream = fdopendir(fd);
	while ((entry = readdir(stream))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		*names = reallocarray(*names, count + 1, sizeof(**names));
		(*names)[count++] = strdup(entry->d_name);
	}
	closedir(stream);
	return count;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void free_names(char **names, int count)
{
	for (int i = 0; i < count; i++)
		free(names[i]);
	free(names);
}

static int compare_names(const char *path, char ***left)
{
	char **right;
	int count = read_names(root[0], path, left), other = read_names(root[1], path, &right);

	if (count != other) {
		for (int i = 0; i < count; i++)
			printf("# left: %s\n", (*left)[i]);
		for (int i = 0; i < other; i++)
			printf("# right: %s\n", right[i]);
		fail("%s has %d and %d names", path, count, other);
	}
	if (count > 0) {
		qsort(*left, count, sizeof(char *), by_name);
		qsort(right, count, sizeof(char *), by_name);
	}
	for (int i = 0; i < count; i++)
		if (strcmp((*left)[i], right[i]))
			fail("%s lists %s, and %s", path, (*left)[i], right[i]);
	free_names(right, count);
	return count;
}

static void compare_stat(const char *what, const struct stat *a, const struct stat *b)
{
	if (a->st_mode != b->st_mode)
		fail("%s: modes %o and %o", what, a->st_mode, b->st_mode);
	if (S_ISDIR(a->st_mode))
		return;
	if (a->st_nlink != b->st_nlink)
		fail("%s: %lu and %lu links", what, (long)a->st_nlink, (long)b->st_nlink);
	if (a->st_size != b->st_size)
		fail("%s: sizes %ld and %ld", what, (long)a->st_size, (long)b->st_size);
}

static void compare_data(const char *what, int left, int right)
{
	static char a[1 << 16], b[1 << 16];
	ssize_t got = pread(left, a, sizeof(a), 0), other = pread(right, b, sizeof(b), 0);

	if (got != other)
		fail("%s: %zd and %zd bytes", what, got, other);
	for (ssize_t i = 0; i < got; i++)
		if (a[i] != b[i])
			fail("%s: byte %zd is %d and %d", what, i, a[i], b[i]);
}

static void compare_path(const char *path)
{
	struct stat st[2];
	char text[2][512] = {"", ""};
	int fd[2] = {-1, -1};

	if (DO("lstat", fstatat(root[side], path, &st[side], AT_SYMLINK_NOFOLLOW)) < 0)
		return;
	compare_stat(path, &st[0], &st[1]);
	if (S_ISLNK(st[0].st_mode)) {
		DO("readlink", readlinkat(root[side], path, text[side], 511));
		if (strcmp(text[0], text[1]))
			fail("%s leads to %s and %s", path, text[0], text[1]);
	} else if (S_ISREG(st[0].st_mode)) {
		if (DO("open", opened(&fd[side], openat(root[side], path, O_RDONLY | O_CLOEXEC))) <
		    0)
			return;
		compare_data(path, fd[0], fd[1]);
		DO(path, fgetxattr(fd[side], "user.x", text[side], 511));
		if (strcmp(text[0], text[1]))
			fail("%s has user.x %s and %s", path, text[0], text[1]);
		close(fd[0]);
		close(fd[1]);
	}
}

static unsigned long compare_trees(const char *path)
{
	char **names, *below_it;
	unsigned long files_seen = 0;
	int count = compare_names(path, &names);

	for (int i = 0; i < count; i++) {
		struct stat st;

		if (asprintf(&below_it, "%s/%s", path, names[i]) < 0)
			exit(1);
		compare_path(below_it);
		files_seen++;
		if (fstatat(root[0], below_it, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISDIR(st.st_mode))
			files_seen += compare_trees(below_it);
		free(below_it);
	}
	free_names(names, count);
	return files_seen;
}

/* ---- calls */

static void fill(char *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		data[i] = random_number();
}

static void call_open(void)
{
	static const int flags[] = {O_RDONLY,	       O_RDWR,
				    O_RDWR | O_CREAT,  O_WRONLY | O_CREAT | O_EXCL,
				    O_RDWR | O_TRUNC,  O_WRONLY | O_CREAT | O_TRUNC,
				    O_RDWR | O_APPEND, O_RDONLY | O_CREAT};
	int slot = below(OPEN_FILES), flag = flags[below(8)], fd[2] = {-1, -1};
	char path[64];

	random_path(path);
	note("open %d %s %o", slot, path, flag);
	if (DO("open",
	       opened(&fd[side], openat(root[side], path,
					flag | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC, 0640))) < 0)
		return;
	for (int side = 0; side < 2; side++) {
		if (files[slot][side] >= 0)
			close(files[slot][side]);
		files[slot][side] = fd[side];
	}
}

static void call_on_file(void)
{
	static char data[FILE_SIZE];
	int *fd = files[below(OPEN_FILES)];
	off_t at = below(FILE_SIZE), size = 1 + below(FILE_SIZE / 2);
	struct stat st[2];

	if (fd[0] < 0)
		return;
	switch (below(9)) {
	case 0:
	case 1:
		note("pwrite %ld %ld", at, size);
		fill(data, size);
		DO("pwrite", pwrite(fd[side], data, size, at));
		break;
	case 2:
		note("ftruncate %ld", at);
		DO("ftruncate", ftruncate(fd[side], at));
		break;
	case 3:
		note("fchmod");
		size = 0400 | below(0400);
		DO("fchmod", fchmod(fd[side], size));
		break;
	case 4:
		note("fallocate punch %ld %ld", at, size);
		DO("fallocate",
		   fallocate(fd[side], FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at, size));
		break;
	case 5:
		note("write %ld", size);
		fill(data, size);
		lseek(fd[0], 0, SEEK_SET);
		lseek(fd[1], 0, SEEK_SET);
		DO("write", write(fd[side], data, size));
		break;
	case 6:
		note("mmap write");
		if (DO("fstat", fstat(fd[side], &st[side])) == 0 && st[0].st_size > 100) {
			for (int side = 0; side < 2; side++) {
				char *map = mmap(NULL, 100, PROT_READ | PROT_WRITE, MAP_SHARED,
						 fd[side], 0);

				if (map == MAP_FAILED)
					continue;
				memset(map + 10, 'm', 50);
				munmap(map, 100);
			}
		}
		break;
	case 7: {
		int *to = files[below(OPEN_FILES)];

		note("copy_file_range");
		if (to[0] < 0 || to == fd)
			break;
		DO("copy_file_range", ({
			   loff_t in = at / 2, out = at;

			   copy_file_range(fd[side], &in, to[side], &out, size, 0);
		   }));
		break;
	}
	default:
		note("fsetxattr");
		snprintf(data, sizeof(data), "value %ld", at);
		DO("fsetxattr", fsetxattr(fd[side], "user.x", data, strlen(data), 0));
	}
	if (DO("fstat", fstat(fd[side], &st[side])) == 0)
		compare_stat("open file", &st[0], &st[1]);
	if ((fcntl(fd[0], F_GETFL) & O_ACCMODE) != O_WRONLY)
		compare_data("open file", fd[0], fd[1]);
}

static void call_rename(void)
{
	static const unsigned int flags[] = {0, 0, 0, RENAME_NOREPLACE, RENAME_EXCHANGE};
	char from[64], to[64];
	unsigned int flag = flags[below(5)];

	random_path(from);
	random_path(to);
	note("rename %s %s %u", from, to, flag);
	DO("rename", renameat2(root[side], from, root[side], to, flag));
	compare_path(from);
	compare_path(to);
}

static void call_on_names(void)
{
	char path[64], other[64];
	mode_t mode = 0400 | below(0400);
	struct timespec times[2] = {{1000000 + below(1000), 5}, {2000000 + below(1000), 7}};
	struct stat st[2];

	random_path(path);
	random_path(other);
	switch (below(10)) {
	case 0:
		note("mkdir %s", path);
		DO("mkdir", mkdirat(root[side], path, 0755));
		break;
	case 1:
		note("rmdir %s", path);
		DO("rmdir", unlinkat(root[side], path, AT_REMOVEDIR));
		break;
	case 2:
		note("unlink %s", path);
		DO("unlink", unlinkat(root[side], path, 0));
		break;
	case 3:
		note("link %s %s", path, other);
		DO("link", linkat(root[side], path, root[side], other, 0));
		compare_path(other);
		break;
	case 4:
		note("symlink %s %s", other, path);
		DO("symlink", symlinkat(other, root[side], path));
		break;
	case 5:
		note("chmod %s %o", path, mode);
		if (DO("lstat", fstatat(root[side], path, &st[side], AT_SYMLINK_NOFOLLOW)) < 0 ||
		    S_ISLNK(st[0].st_mode))
			break;
		mode |= S_ISDIR(st[0].st_mode) ? 0700 : 0;
		DO("chmod", fchmodat(root[side], path, mode, 0));
		break;
	case 6:
		note("utimens %s", path);
		if (DO("utimens", utimensat(root[side], path, times, AT_SYMLINK_NOFOLLOW)) < 0)
			break;
		DO("lstat", fstatat(root[side], path, &st[side], AT_SYMLINK_NOFOLLOW));
		if (st[0].st_mtim.tv_sec != times[1].tv_sec ||
		    st[0].st_mtim.tv_nsec != st[1].st_mtim.tv_nsec)
			fail("%s: time is not what was set", path);
		break;
	case 7:
		note("mknod %s", path);
		DO("mknod", mknodat(root[side], path, S_IFIFO | 0600, 0));
		break;
	case 8: {
		char **names;
		int count;

		note("list %s", path);
		count = compare_names(path, &names);
		if (count >= 0)
			free_names(names, count);
		break;
	}
	default:
		note("access %s", path);
		mode = below(2) ? W_OK : R_OK | X_OK;
		DO("access", faccessat(root[side], path, mode, 0));
	}
	compare_path(path);
}

/* ---- a tree to start with */

static void make_tree(const char *path, int depth)
{
	static char data[FILE_SIZE];
	char at[256], other[256];

	for (char name = 'a'; name <= 'f'; name++) {
		int fd;

		snprintf(at, sizeof(at), "%s/%c", path, name);
		switch (below(7)) {
		case 0:
		case 1:
			fd = open(at, O_WRONLY | O_CREAT | O_CLOEXEC, 0600 | below(0177));
			fill(data, sizeof(data));
			if (pwrite(fd, data, 1 + below(FILE_SIZE - 1), below(5000)) < 0 ||
			    fsetxattr(fd, "user.x", "start", 5, 0) < 0)
				perror(at);
			close(fd);
			break;
		case 2:
			snprintf(other, sizeof(other), "%s/%c", path, 'a' + below(6));
			if (link(other, at) < 0 && symlink("a", at) < 0)
				perror(at);
			break;
		case 3:
		case 4:
		case 5:
			if (depth > 0 && mkdir(at, 0755) == 0)
				make_tree(at, depth - 1);
			break;
		}
	}
}

static int open_directory(const char *path)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0) {
		perror(path);
		exit(2);
	}
	return fd;
}

static uint64_t seed_of(const char *text)
{
	return (strtoull(text, NULL, 0) + 1) * 0x9e3779b97f4a7c15ULL;
}

int main(int argc, char **argv)
{
	unsigned long count;

	setvbuf(stdout, NULL, _IOLBF, 0);
	umask(0);
	signal(SIGPIPE, SIG_IGN);
	if (argc == 4 && !strcmp(argv[1], "-m")) {
		state = seed_of(argv[2]);
		make_tree(argv[3], 2);
		return 0;
	}
	if (argc == 4 && !strcmp(argv[1], "-c")) {
		note("compare");
		root[0] = open_directory(argv[2]);
		root[1] = open_directory(argv[3]);
		printf("# %lu files are equal\n", compare_trees("."));
		return 0;
	}
	if (argc != 5) {
		fprintf(stderr,
			"usage: same SEED COUNT LEFT RIGHT | -m SEED DIR | -c LEFT RIGHT\n");
		return 2;
	}
	state = seed_of(argv[1]);
	count = strtoul(argv[2], NULL, 0);
	root[0] = open_directory(argv[3]);
	root[1] = open_directory(argv[4]);
	for (int i = 0; i < OPEN_FILES; i++)
		files[i][0] = files[i][1] = -1;
	for (step = 0; step < count; step++) {
		unsigned int choice = below(10);

		if (choice < 2)
			call_open();
		else if (choice < 5)
			call_on_file();
		else if (choice < 7)
			call_rename();
		else
			call_on_names();
	}
	step--;
	printf("# seed %s: %lu calls; %lu files are equal\n", argv[1], count, compare_trees("."));
	return 0;
}
