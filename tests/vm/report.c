// SPDX-License-Identifier: GPL-2.0-only
/*
 * Process 1 of a guest, once init has set it up: run a test and report on a serial line.
 *
 * usage: report TOP TTY PROGRAM [ARGUMENT...]
 *
 * TOP is where the program is run, the source tree.
 * The test's output comes in through a pipe and goes out to TTY line by line. Before a result
 * ("ok", "not ok") goes out, the kernel's log is read up to there: when a line of it matches the
 * extended regular expression in tests/vm/complaints, the log lines from there on go out first, as
 * remarks, and the result becomes "not ok". So a complaint fails the test that was running. What
 * the kernel says before the first test and after the last makes a failed result of its own. The
 * last line is "guest-status: N", with the exit status of the program as a shell counts it; then
 * power goes off. A guest that panics never prints that line, by which the host knows.
 *
 * While the test says nothing, a remark tells each minute which programs run. The boot option
 * report_silent=SECONDS, which the kernel hands on as a variable of the environment, is for another time than a minute.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <regex.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { LOG_LINES_SHOWN = 60, SILENT_S = 60, PROGRAMS_SHOWN = 10 };

static FILE *out;
static int kmsg = -1;
static regex_t complaint;
static int results;

static void stop(int status)
{
	fprintf(out, "guest-status: %d\n", status);
	fflush(out);
	tcdrain(fileno(out));
	kill(-1, SIGKILL);
	sync();
	reboot(RB_AUTOBOOT); /* which ends qemu; the debug kernel cannot power off */
	_exit(1);
}

/* Read the log up to now; print it from the first complaint on. True when there was one. */
static bool kernel_complained(void)
{
	char record[8192], *text, *end;
	int shown = 0;
	ssize_t n;

	for (;;) {
		n = read(kmsg, record, sizeof(record) - 1);
		if (n < 0 && errno == EPIPE) /* records were overwritten before we read them */
			continue;
		if (n <= 0)
			return shown > 0;
		record[n] = '\0';
		text = strchr(record, ';');
		text = text ? text + 1 : record;
		end = strchr(text, '\n'); /* what follows are properties of the device */
		if (end)
			*end = '\0';
		if (!shown && regexec(&complaint, text, 0, NULL, 0))
			continue;
		if (shown++ < LOG_LINES_SHOWN)
			fprintf(out, "# kernel: %s\n", text);
	}
}

static bool is_result(const char *line)
{
	return !strncmp(line, "ok ", 3) || !strncmp(line, "not ok ", 7);
}

static void pass_line(const char *line)
{
	bool bad;

	if (!is_result(line)) {
		fputs(line, out);
		return;
	}
	results++;
	bad = kernel_complained();
	if (bad && line[0] == 'o')
		fprintf(out, "not %.*s (the kernel complained)\n", (int)strcspn(line, "\n"), line);
	else
		fputs(line, out);
}

static pid_t start(char **argv, int *output)
{
	int pipefd[2], null;
	pid_t pid;

	if (pipe2(pipefd, O_CLOEXEC))
		return -1;
	pid = fork();
	if (pid == 0) {
		setsid();
		null = open("/dev/null", O_RDONLY);
		dup2(null, 0);
		dup2(pipefd[1], 1);
		dup2(pipefd[1], 2);
		execvp(argv[0], argv);
		printf("# %s: %s\n", argv[0], strerror(errno));
		fflush(stdout);
		_exit(127);
	}
	close(pipefd[1]);
	*output = pipefd[0];
	return pid;
}

/* One remark: the process's number, its state and its command line. Kernel threads have none. */
static bool print_program(int pid)
{
	char path[64], line[256], state[64] = "?", *paren;
	ssize_t length = -1;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		length = read(fd, line, sizeof(line) - 1);
		close(fd);
	}
	if (length <= 0)
		return false;
	for (ssize_t i = 0; i < length; i++)
		if (!isprint((unsigned char)line[i]))
			line[i] = ' ';
	line[length] = '\0';
	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		char text[512] = "";

		if (read(fd, text, sizeof(text) - 1) > 0 && (paren = strrchr(text, ')')) &&
		    paren[1])
			snprintf(state, sizeof(state), "%c", paren[2]);
		close(fd);
	}
	fprintf(out, "# guest:   %d %s %s\n", pid, state, line);
	return true;
}

/* Which programs run, ourselves left out. */
static void print_programs(long silent)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	int shown = 0;

	if (!dir)
		return;
	fprintf(out, "# guest: nothing was said for %ld s; these run:\n", silent);
	while (shown < PROGRAMS_SHOWN && (entry = readdir(dir)))
		if (atoi(entry->d_name) > 1)
			shown += print_program(atoi(entry->d_name));
	closedir(dir);
	fflush(out);
}

static long seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/* Take in what the pipe holds, pass whole lines on; a line that does not fit is cut in pieces. True when it held any.
 */
static bool pass_output(int output)
{
	bool any = false;
	static char buffer[65536];
	static size_t used;
	char *line, *end;
	ssize_t n;

	while ((n = read(output, buffer + used, sizeof(buffer) - 1 - used)) > 0) {
		any = true;
		used += n;
		buffer[used] = '\0';
		for (line = buffer; (end = strchr(line, '\n')); line = end + 1) {
			char after = end[1];

			end[1] = '\0';
			pass_line(line);
			end[1] = after;
		}
		used -= line - buffer;
		memmove(buffer, line, used);
		if (used == sizeof(buffer) - 1) {
			fwrite(buffer, 1, used, out);
			used = 0;
		}
	}
	fflush(out);
	return any;
}

/*
 * Pass the output on until the program has ended and said all it had to say; its left-over children
 * may hold the pipe open, so the end of the pipe is not waited for. Returns its status.
 */
static int follow(pid_t pid, int output)
{
	struct pollfd in = {.fd = output, .events = POLLIN};
	const char *option = getenv("report_silent");
	long limit = option ? atol(option) : SILENT_S, heard = seconds(), told = heard;
	int status, got, result = -1;

	fcntl(output, F_SETFL, O_NONBLOCK);
	while (result < 0) {
		if (poll(&in, 1, 100) > 0 && (in.revents & POLLHUP))
			in.fd = -1;
		while ((got = waitpid(-1, &status, WNOHANG)) > 0)
			if (got == pid)
				result = WIFEXITED(status) ? WEXITSTATUS(status)
							   : 128 + WTERMSIG(status);
		if (pass_output(output)) {
			heard = told = seconds();
		} else if (seconds() - told >= limit) {
			told = seconds();
			print_programs(told - heard);
		}
	}
	return result;
}

static bool read_expression(const char *path)
{
	char text[4096];
	FILE *file = fopen(path, "re");
	bool good = file && fgets(text, sizeof(text), file);

	if (file)
		fclose(file);
	if (!good)
		return false;
	text[strcspn(text, "\n")] = '\0';
	return regcomp(&complaint, text, REG_EXTENDED | REG_NOSUB) == 0;
}

int main(int argc, char **argv)
{
	struct termios raw;
	int output, status;
	pid_t pid;

	if (argc < 4 || chdir(argv[1]) || !(out = fopen(argv[2], "we"))) {
		fprintf(stderr, "usage: report TOP TTY PROGRAM [ARGUMENT...]\n");
		return 2;
	}
	if (tcgetattr(fileno(out), &raw) == 0) {
		cfmakeraw(&raw);
		tcsetattr(fileno(out), TCSANOW, &raw);
	}
	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (kmsg < 0 || !read_expression("tests/vm/complaints")) {
		fprintf(out, "# report: cannot read /dev/kmsg or tests/vm/complaints: %s\n",
			strerror(errno));
		stop(2);
	}
	if (kernel_complained())
		fprintf(out, "not ok - the guest boots without complaints of the kernel\n");
	pid = start(argv + 3, &output);
	if (pid < 0) {
		fprintf(out, "# report: cannot start %s: %s\n", argv[3], strerror(errno));
		stop(2);
	}
	status = follow(pid, output);
	if (kernel_complained())
		fprintf(out, "not ok %d - the kernel does not complain after the last test\n",
			results + 1);
	stop(status);
}
