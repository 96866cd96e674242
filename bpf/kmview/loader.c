// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The loader: skeletons in, tables filled for the session, programs handed to the module by
 * descriptor.
 *
 * The programs are of type raw_tracepoint.w and are attached to nothing: the module runs them on
 * its own record of the call. Once the module has them the descriptors may go; the tables stay for
 * the counts.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "build/bpf/kmview/count.skel.h"
#include "build/bpf/kmview/guard.skel.h"
#include "build/bpf/kmview/policy.skel.h"
#include "build/bpf/kmview/uname.skel.h"
#include "loader.h"
#include "tables.h"

struct kmview_bpf {
	uint64_t session;
	struct uname_bpf *uname;
	struct count_bpf *count;
	struct policy_bpf *policy;
	struct guard_bpf *guard;
};

static int say(char **why, const char *format, ...) __attribute__((format(printf, 2, 3)));
static int say(char **why, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (vasprintf(why, format, args) < 0)
		*why = NULL;
	va_end(args);
	return -1;
}

static int quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	return 0;
}

static int not_loaded(char **why, const char *name, int error)
{
	if (error == -EPERM || error == -EACCES)
		return say(
			why,
			"loading the BPF program \"%s\" needs CAP_BPF and CAP_PERFMON: run as root",
			name);
	return say(why, "the kernel does not load the BPF program \"%s\": %s", name,
		   strerror(-error));
}

static int place(struct kmview *session, enum kmview_bpf_place place, struct bpf_program *program,
		 char **why)
{
	int error = kmview_prog(session, place, bpf_program__fd(program));

	return error < 0 ? say(why, "the module does not take the BPF program \"%s\": %s",
			       bpf_program__name(program), strerror(-error))
			 : 0;
}

int kmview_bpf_set_uname(struct kmview_bpf *bpf, const char *const *fields, char **why)
{
	volatile uint32_t *changes = &bpf->uname->data->changes;
	struct kmview_uts uts = {0};
	struct utsname truth;
	int error;

	uname(&truth);
	memcpy(uts.text, &truth, sizeof(truth));
	for (int i = 0; i < 6; i++)
		if (fields[i])
			strncpy(uts.text + 65 * i, fields[i], 64);
	error = bpf_map_update_elem(bpf_map__fd(bpf->uname->maps.names), &bpf->session, &uts,
				    BPF_ANY);
	if (error)
		return say(why, "the table of names is full: %s", strerror(-error));
	/* After the change; 0 stands for "nothing kept". */
	__atomic_store_n(changes, *changes + 1 ?: 1, __ATOMIC_SEQ_CST);
	return 0;
}

static int load_uname(struct kmview_bpf *bpf, struct kmview *session, const char *const *fields,
		      char **why)
{
	int error;

	bpf->uname = uname_bpf__open_and_load();
	if (!bpf->uname)
		return not_loaded(why, "uname", -errno);
	error = kmview_bpf_set_uname(bpf, fields, why);
	return error ?: place(session, KMVIEW_BPF_PLACE_UNAME, bpf->uname->progs.kmview_uname, why);
}

static int load_count(struct kmview_bpf *bpf, struct kmview *session, char **why)
{
	bpf->count = count_bpf__open_and_load();
	if (!bpf->count)
		return not_loaded(why, "count", -errno);
	return place(session, KMVIEW_BPF_PLACE_COUNT, bpf->count->progs.kmview_count, why);
}

static bool parse_result(const char *text, int64_t *result)
{
	char *end;

	for (int i = 1; i < 4096; i++) {
		const char *name = strerrorname_np(i);

		if (name && !strcasecmp(name, text)) {
			*result = -i;
			return true;
		}
	}
	*result = strtoll(text, &end, 0);
	return !*end;
}

/* A result for all forms of a call. */
static int policy_set(struct kmview_bpf *bpf, const struct kmview_syscall *named, int64_t result)
{
	const struct kmview_syscall *call = NULL;
	int error = 0;

	while (!error && (call = kmview_syscall_next(call))) {
		if (strcmp(call->family, named->family))
			continue;
		for (unsigned int abi = 0; !error && abi < KMVIEW_ABIS; abi++) {
			struct kmview_call_key key = {
				.session = bpf->session, .abi = abi, .nr = call->nr[abi]};

			if (call->nr[abi] >= 0)
				error = bpf_map_update_elem(bpf_map__fd(bpf->policy->maps.results),
							    &key, &result, BPF_ANY);
		}
	}
	return error;
}

static int policy_line(struct kmview_bpf *bpf, const char *file, unsigned int number, char *line,
		       char **why)
{
	char name[64], text[64], rest[2];
	const struct kmview_syscall *call;
	int64_t result;
	int fields, error;

	line[strcspn(line, "#\n")] = '\0';
	fields = sscanf(line, "%63s %63s %1s", name, text, rest);
	if (fields <= 0)
		return 0;
	if (fields != 2)
		return say(why, "%s:%u: a line is CALL RESULT, as in \"mkdir EPERM\"", file,
			   number);
	call = kmview_syscall(name);
	if (!call)
		return say(why, "%s:%u: \"%s\" is no system call", file, number, name);
	if (!parse_result(text, &result))
		return say(why, "%s:%u: \"%s\" is neither a number nor an error's name", file,
			   number, text);
	error = policy_set(bpf, call, result);
	return error ? say(why, "%s:%u: the table is full: %s", file, number, strerror(-error)) : 0;
}

static int load_policy(struct kmview_bpf *bpf, struct kmview *session, const char *name, char **why)
{
	FILE *file = fopen(name, "re");
	unsigned int number = 0;
	char line[256];
	int error = 0;

	if (!file)
		return say(why, "cannot read the policy %s: %s", name, strerror(errno));
	bpf->policy = policy_bpf__open_and_load();
	if (!bpf->policy)
		error = not_loaded(why, "policy", -errno);
	while (!error && fgets(line, sizeof(line), file))
		error = policy_line(bpf, name, ++number, line, why);
	fclose(file);
	return error ? error
		     : place(session, KMVIEW_BPF_PLACE_POLICY, bpf->policy->progs.kmview_policy,
			     why);
}

static int load_guard(struct kmview_bpf *bpf, struct kmview *session,
		      const struct kmview_bpf_flags *flags, size_t count, char **why)
{
	int error = 0;

	bpf->guard = guard_bpf__open_and_load();
	if (!bpf->guard)
		return not_loaded(why, "guard", -errno);
	for (size_t i = 0; !error && i < count; i++)
		for (unsigned int abi = 0; !error && abi < KMVIEW_ABIS; abi++) {
			struct kmview_call_key key = {
				.session = bpf->session, .abi = abi, .nr = flags[i].call->nr[abi]};
			struct kmview_call_flags value = {flags[i].arg, flags[i].mask};

			if (flags[i].call->nr[abi] >= 0)
				error = bpf_map_update_elem(bpf_map__fd(bpf->guard->maps.flags),
							    &key, &value, BPF_ANY);
		}
	if (error)
		return say(why, "the table of flags is full: %s", strerror(-error));
	return place(session, KMVIEW_BPF_PLACE_GUARD, bpf->guard->progs.kmview_guard, why);
}

struct kmview_bpf *kmview_bpf_load(struct kmview *session, const struct kmview_bpf_wanted *wanted,
				   char **why)
{
	struct kmview_bpf *bpf;
	int error = 0;

	*why = NULL;
	if (!(kmview_features(session) & KMVIEW_FEATURE_BPF)) {
		say(why,
		    "this kernel runs no BPF programs for kmview; leave the --bpf options out");
		return NULL;
	}
	bpf = calloc(1, sizeof(*bpf));
	if (!bpf)
		return NULL;
	libbpf_set_print(quiet);
	bpf->session = kmview_session(session);
	if (wanted->uname)
		error = load_uname(bpf, session, wanted->uname, why);
	if (!error && wanted->count)
		error = load_count(bpf, session, why);
	if (!error && wanted->policy_file)
		error = load_policy(bpf, session, wanted->policy_file, why);
	if (!error && wanted->flags)
		error = load_guard(bpf, session, wanted->flags, wanted->flags_count, why);
	if (error) {
		kmview_bpf_free(bpf);
		return NULL;
	}
	return bpf;
}

void kmview_bpf_free(struct kmview_bpf *bpf)
{
	if (!bpf)
		return;
	uname_bpf__destroy(bpf->uname);
	count_bpf__destroy(bpf->count);
	policy_bpf__destroy(bpf->policy);
	guard_bpf__destroy(bpf->guard);
	free(bpf);
}

bool kmview_bpf_policy_has(const struct kmview_bpf *bpf, const struct kmview_syscall *call)
{
	for (unsigned int abi = 0; bpf->policy && abi < KMVIEW_ABIS; abi++) {
		struct kmview_call_key key = {
			.session = bpf->session, .abi = abi, .nr = call->nr[abi]};
		int64_t result;

		if (call->nr[abi] >= 0)
			return !bpf_map_lookup_elem(bpf_map__fd(bpf->policy->maps.results), &key,
						    &result);
	}
	return false;
}

void kmview_bpf_counts(struct kmview_bpf *bpf,
		       void (*each)(const struct kmview_syscall *call, uint64_t calls, uint64_t ns))
{
	int fd = bpf_map__fd(bpf->count->maps.counts);
	struct kmview_call_key key, *previous = NULL;
	struct kmview_call_count count;

	while (!bpf_map_get_next_key(fd, previous, &key)) {
		if (key.session == bpf->session && !bpf_map_lookup_elem(fd, &key, &count))
			each(kmview_syscall_by_number(key.abi, key.nr), count.calls, count.ns);
		previous = &key;
	}
}
