// SPDX-License-Identifier: GPL-2.0-only
/* Calls of a 32-bit program, whose manager answers them: see "a 32-bit program does not escape". */
#include <errno.h>
#include <linux/net.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <unistd.h>

int main(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/nowhere"};
	uint32_t args[3] = {5, (uintptr_t)&address, 16};
	struct utsname name;

	if (syscall(SYS_uname, &name) || strcmp(name.sysname, "PlanX"))
		return 1;
	if (syscall(SYS_socketcall, SYS_CONNECT, args) != -1 || errno != ECONNREFUSED)
		return 2;
	if (syscall(SYS_getuid32) != 777)
		return 3;
	return 0;
}
