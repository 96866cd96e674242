// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a tracer is measured with: open and close a file, over and over.
 *
 * usage: open_close FILE TIMES      prints the nanoseconds of one opening and closing
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e9 + now.tv_nsec;
}

int main(int argc, char **argv)
{
	long times = argc == 3 ? atol(argv[2]) : 0;
	double start;

	if (times <= 0) {
		fprintf(stderr, "usage: open_close FILE TIMES\n");
		return 2;
	}
	start = now_ns();
	for (long i = 0; i < times; i++) {
		int fd = open(argv[1], O_RDONLY);

		if (fd < 0) {
			perror(argv[1]);
			return 1;
		}
		close(fd);
	}
	printf("%.0f\n", (now_ns() - start) / times);
	return 0;
}
