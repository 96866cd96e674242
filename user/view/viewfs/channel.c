// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One promise to the kernel that libfuse 3.14 cannot make: FUSE_HANDLE_KILLPRIV_V2, "writing and
 * truncating take set-user-ID bits and capabilities away without being asked". Without it the
 * kernel asks for the attribute security.capability before each write(2), which doubles the cost of
 * small ones. The layers' own kernel does what is promised as long as the server itself does not
 * have CAP_FSETID over the machine; so a server that has it does not promise, nor one whose
 * permissions are virtual.
 *
 * The promise is a bit in the answer to the first request, set as that passes.
 */
#include <linux/fuse.h>
#include <stdlib.h>
#include <sys/capability.h>
#include <sys/uio.h>
#include <unistd.h>

#include "viewfs.h"

static bool answered;

static ssize_t channel_writev(int fd, struct iovec *parts, int count, void *data)
{
	bool first = !__atomic_exchange_n(&answered, true, __ATOMIC_RELAXED);

	if (first && count >= 2 && parts[1].iov_len >= FUSE_COMPAT_22_INIT_OUT_SIZE) {
		struct fuse_init_out *init = parts[1].iov_base;

		init->flags |= FUSE_HANDLE_KILLPRIV_V2;
	}
	return writev(fd, parts, count);
}

static ssize_t channel_read(int fd, void *buffer, size_t size, void *data)
{
	return read(fd, buffer, size);
}

static ssize_t channel_splice(int in, off_t *in_at, int out, off_t *out_at, size_t size,
			      unsigned int flags, void *data)
{
	return splice(in, in_at, out, out_at, size, flags);
}

static bool has_fsetid(void)
{
	cap_flag_value_t set = CAP_SET;
	cap_t caps = cap_get_proc();

	if (caps) {
		cap_get_flag(caps, CAP_FSETID, CAP_EFFECTIVE, &set);
		cap_free(caps);
	}
	return set == CAP_SET;
}

/* After the mount, before the first request. */
int channel_init(struct fuse_session *session)
{
	static const struct fuse_custom_io io = {
		.writev = channel_writev,
		.read = channel_read,
		.splice_receive = channel_splice,
		.splice_send = channel_splice,
	};

	if (view.options.vstat || (has_fsetid() && ids_initial()))
		return 0;
	return fuse_session_custom_io(session, &io, fuse_session_fd(session));
}
