// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Calls that old systems had wrong on files of theirs, made in a directory: one line each with what
 * came of it, to be compared with the same on a plain mount of the kernel's.
 *
 * usage: file_calls DIRECTORY
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

static void result(const char *what, long value)
{
	printf("%s: %s\n", what, value < 0 ? strerrorname_np(errno) : "ok");
}

static void content(const char *what, const char *path)
{
	char text[64] = "";
	int fd = open(path, O_RDONLY);
	ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	printf("%s: %zd bytes, %.*s\n", what, got, (int)strcspn(text, "\n"), text);
	if (fd >= 0)
		close(fd);
}

static int make(const char *path, const char *text)
{
	int fd = open(path, O_CREAT | O_TRUNC | O_RDWR, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) < 0) {
		perror(path);
		exit(1);
	}
	return fd;
}

static void names(void)
{
	struct stat about;

	close(make("a", "first"));
	close(make("b", "second"));
	mkdir("dir", 0755);
	result("rename into a directory", rename("a", "dir/a"));
	result("the old name", stat("a", &about));
	result("rename over one with NOREPLACE",
	       renameat2(AT_FDCWD, "b", AT_FDCWD, "dir/a", RENAME_NOREPLACE));
	content("which is still", "dir/a");
	result("rename a directory over one that is not empty",
	       mkdir("other", 0755) < 0 ? -1 : rename("other", "dir"));
	result("rename with NOREPLACE to a new name",
	       renameat2(AT_FDCWD, "b", AT_FDCWD, "c", RENAME_NOREPLACE));
	result("hard link", link("c", "d"));
	result("symbolic link", symlink("c", "e"));
	content("read through it", "e");
}

static void memory(void)
{
	int fd = make("mapped", "............");
	char *at = mmap(NULL, 12, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	result("shared map", at == MAP_FAILED ? -1 : 0);
	if (at != MAP_FAILED) {
		memcpy(at, "through map!", 12);
		result("msync", msync(at, 12, MS_SYNC));
		munmap(at, 12);
	}
	close(fd);
	content("what was stored", "mapped");
}

static void copies(void)
{
	int from = make("from", "twelve bytes"), to = make("to", ""), pipes[2];
	off_t start = 0;

	result("sendfile", sendfile(to, from, &start, 12));
	content("arrived", "to");
	close(to);
	to = make("to2", "");
	start = 0;
	result("copy_file_range", copy_file_range(from, &start, to, NULL, 12, 0));
	content("arrived", "to2");
	close(to);
	to = make("to3", "");
	start = 0;
	if (pipe(pipes) == 0) {
		result("splice from", splice(from, &start, pipes[1], NULL, 12, 0));
		result("splice to", splice(pipes[0], NULL, to, NULL, 12, 0));
	}
	content("arrived", "to3");
	close(to);
	close(from);
}

static void sizes(void)
{
	int fd = make("sized", "");
	struct stat about;

	result("fallocate", fallocate(fd, 0, 0, 100000));
	fstat(fd, &about);
	printf("size then: %ld\n", (long)about.st_size);
	result("truncate", ftruncate(fd, 5000));
	fstat(fd, &about);
	printf("size then: %ld\n", (long)about.st_size);
	result("hole", fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096));
	result("fsync", fsync(fd));
	close(fd);
	result("unnamed file", open(".", O_TMPFILE | O_RDWR, 0600));
}

static void locks(void)
{
	int fd = make("locked", ""), other = open("locked", O_RDWR);
	struct flock record = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 10};

	result("flock", flock(fd, LOCK_EX | LOCK_NB));
	result("flock by another", flock(other, LOCK_EX | LOCK_NB));
	result("record lock", fcntl(fd, F_SETLK, &record));
	result("open file lock", fcntl(other, F_OFD_SETLK, &record));
	close(fd);
	close(other);
}

static void watch(void)
{
	char events[4096] __attribute__((aligned(8)));
	struct inotify_event *event = (struct inotify_event *)events;
	int fd = inotify_init1(IN_NONBLOCK);

	result("inotify", inotify_add_watch(fd, ".", IN_CREATE | IN_DELETE));
	close(make("watched", ""));
	unlink("watched");
	if (read(fd, events, sizeof(events)) > 0)
		printf("event: %x %s\n", event->mask, event->name);
	close(fd);
}

int main(int argc, char **argv)
{
	if (argc != 2 || chdir(argv[1]) < 0) {
		fprintf(stderr, "usage: file_calls DIRECTORY\n");
		return 2;
	}
	names();
	memory();
	copies();
	sizes();
	locks();
	watch();
	return 0;
}
