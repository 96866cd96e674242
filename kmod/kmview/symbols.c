// SPDX-License-Identifier: GPL-2.0-only
/*
 * Functions of the kernel that are not exported, see symbols.h.
 *
 * Only a kprobe can look a symbol up for a module. A call with a wrong idea of the parameters would go unnoticed until
 * it does harm, so the types are checked twice: against the declaration in a header by TYPE_OF(), and, since a header
 * may not be that of the running kernel and two functions have none, against BTF by check_types().
 */
#include <linux/btf.h>
#include <linux/bpf.h>
#include <linux/cgroup.h>
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/fs_struct.h>
#include <linux/kprobes.h>
#include <linux/pid.h>
#include <linux/ptrace.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>

#include "gate.h"
#include "symbols.h"

/*
 * A type as BTF has it: "*NAME" a pointer to that struct or basic type, "4" or "8" a number (or a struct that is
 * passed as one) of so many bytes, "bool", "void". The result comes first.
 */
static struct {
	const char *name;
	const char *types[6];
	unsigned long address;
} functions[KMVIEW_FUNCTIONS] = {
	[KMVIEW_RECEIVE_FD_REPLACE] = { "receive_fd_replace", { "4", "4", "*file", "4" } },
	[KMVIEW_CGROUP_ENTER_FROZEN] = { "cgroup_enter_frozen", { "void" } },
	[KMVIEW_CGROUP_LEAVE_FROZEN] = { "cgroup_leave_frozen", { "void", "bool" } },
	[KMVIEW_SETNS] = { "__x64_sys_setns", { "8", "*pt_regs" } },
	[KMVIEW_PTRACE_MAY_ACCESS] = { "ptrace_may_access", { "bool", "*task_struct", "4" } },
	[KMVIEW_PIDFD_GET_PID] = { "pidfd_get_pid", { "*pid", "4", "*unsigned int" } },
	[KMVIEW_CREATE_USER_NS] = { "create_user_ns", { "4", "*cred" } },
	[KMVIEW_ALLOC_UCOUNTS] = { "alloc_ucounts", { "*ucounts", "*user_namespace", "4" } },
	[KMVIEW_PUT_UCOUNTS] = { "put_ucounts", { "void", "*ucounts" } },
	[KMVIEW_PATH_MOUNT] = { "path_mount", { "4", "*char", "*path", "*char", "8", "*void" } },
	[KMVIEW_PATH_UMOUNT] = { "path_umount", { "4", "*path", "4" } },
	[KMVIEW_SET_FS_PWD] = { "set_fs_pwd", { "void", "*fs_struct", "*path" } },
	[KMVIEW_CURRENT_CHROOTED] = { "current_chrooted", { "bool" } },
};

/* ---- lookups */

struct kmview_lookups {
	struct kprobe probes[KMVIEW_LOOKUPS];
	struct kprobe *registered[KMVIEW_LOOKUPS];
	unsigned int count;
};

struct kmview_lookups *kmview_lookups_new(void)
{
	return kzalloc(sizeof(struct kmview_lookups), GFP_KERNEL);
}

void kmview_look_up(struct kmview_lookups *lookups, const char *name, unsigned long *address)
{
	struct kprobe *probe;

	if (lookups->count == KMVIEW_LOOKUPS)
		kmview_lookups_flush(lookups);
	probe = &lookups->probes[lookups->count];
	*probe = (struct kprobe){ .symbol_name = name, .flags = KPROBE_FLAG_DISABLED };
	*address = 0;
	if (register_kprobe(probe))
		return;
	if (probe->flags & KPROBE_FLAG_FTRACE)
		*address = (unsigned long)probe->addr;
	lookups->registered[lookups->count++] = probe;
}

void kmview_lookups_flush(struct kmview_lookups *lookups)
{
	unregister_kprobes(lookups->registered, lookups->count);
	lookups->count = 0;
}

/* ---- types, of this kernel's headers */

#define TYPE_OF(function, result, ...) static_assert(__same_type(&(function), (result(*)(__VA_ARGS__))NULL))

TYPE_OF(receive_fd_replace, int, int, struct file *, unsigned int);
TYPE_OF(cgroup_enter_frozen, void, void);
TYPE_OF(cgroup_leave_frozen, void, bool);
TYPE_OF(ptrace_may_access, bool, struct task_struct *, unsigned int);
TYPE_OF(pidfd_get_pid, struct pid *, unsigned int, unsigned int *);
TYPE_OF(create_user_ns, int, struct cred *);
TYPE_OF(alloc_ucounts, struct ucounts *, struct user_namespace *, kuid_t);
TYPE_OF(put_ucounts, void, struct ucounts *);
TYPE_OF(set_fs_pwd, void, struct fs_struct *, const struct path *);
TYPE_OF(current_chrooted, bool, void);

/* ---- types, of the running kernel's BTF */

#ifdef CONFIG_DEBUG_INFO_BTF

TYPE_OF(bpf_get_btf_vmlinux, struct btf *, void);
TYPE_OF(btf_find_by_name_kind, s32, const struct btf *, const char *, u8);
TYPE_OF(btf_name_by_offset, const char *, const struct btf *, u32);

/* What is needed to read BTF is not exported, either. */
static struct {
	unsigned long vmlinux, find, name;
} btf_functions;

static const char *name_of(const struct btf *btf, const struct btf_type *type)
{
	return (const char *)kmview_call(btf_functions.name, (unsigned long)btf, type->name_off, 0, 0, 0);
}

/* A type without const, volatile and typedef; NULL: void. */
static const struct btf_type *bare_type(const struct btf *btf, u32 id)
{
	const struct btf_type *type = NULL;
	u32 kind;

	while (id) {
		type = btf_type_by_id(btf, id);
		kind = type ? BTF_INFO_KIND(type->info) : BTF_KIND_UNKN;
		if (kind != BTF_KIND_CONST && kind != BTF_KIND_VOLATILE && kind != BTF_KIND_RESTRICT &&
		    kind != BTF_KIND_TYPEDEF && kind != BTF_KIND_TYPE_TAG)
			return type;
		id = type->type;
	}
	return NULL;
}

static bool is_type(const struct btf *btf, u32 id, const char *wanted)
{
	const struct btf_type *type = bare_type(btf, id);

	if (!type)
		return !strcmp(wanted, "void");
	if (btf_type_is_ptr(type)) {
		if (*wanted != '*')
			return false;
		type = bare_type(btf, type->type);
		return !strcmp(type ? name_of(btf, type) : "void", wanted + 1);
	}
	switch (BTF_INFO_KIND(type->info)) {
	case BTF_KIND_INT:
		if (!strcmp(wanted, "bool"))
			return type->size == 1;
		fallthrough;
	case BTF_KIND_ENUM:
	case BTF_KIND_STRUCT:
		return type->size == 4 ? !strcmp(wanted, "4") : type->size == 8 && !strcmp(wanted, "8");
	}
	return false;
}

/* Has the function these types? Also if BTF does not have the function; then it is not counted. */
static bool has_types(const struct btf *btf, const char *name, const char *const *types, unsigned int *checked)
{
	s32 id = kmview_call(btf_functions.find, (unsigned long)btf, (unsigned long)name, BTF_KIND_FUNC, 0, 0);
	const struct btf_type *function = id > 0 ? btf_type_by_id(btf, id) : NULL;
	const struct btf_type *prototype = function ? btf_type_by_id(btf, function->type) : NULL;
	const struct btf_param *params;
	u32 i;

	if (!prototype || !btf_type_is_func_proto(prototype))
		return true;
	++*checked;
	params = (const struct btf_param *)(prototype + 1);
	if (!is_type(btf, prototype->type, types[0]))
		return false;
	for (i = 0; i < btf_type_vlen(prototype); i++)
		if (i + 1 >= ARRAY_SIZE(functions[0].types) || !types[i + 1] ||
		    !is_type(btf, params[i].type, types[i + 1]))
			return false;
	return i + 1 == ARRAY_SIZE(functions[0].types) || !types[i + 1];
}

static int check_types(void)
{
	unsigned int i, found = 0, checked = 0;
	const struct btf *btf;
	int err = 0;

	if (!btf_functions.vmlinux || !btf_functions.find || !btf_functions.name)
		return 0;
	btf = (const struct btf *)kmview_call(btf_functions.vmlinux, 0, 0, 0, 0, 0);
	if (IS_ERR_OR_NULL(btf))
		return 0;
	for (i = 0; i < KMVIEW_FUNCTIONS; i++) {
		found += !!functions[i].address;
		if (!functions[i].address || has_types(btf, functions[i].name, functions[i].types, &checked))
			continue;
		pr_err("kmview: %s() of this kernel has another type than the module was written for\n",
		       functions[i].name);
		err = -EPROTO;
	}
	pr_info("kmview: the types of %u of %u kernel functions were compared with BTF\n", checked, found);
	return err;
}

static void look_up_btf(struct kmview_lookups *lookups)
{
	kmview_look_up(lookups, "bpf_get_btf_vmlinux", &btf_functions.vmlinux);
	kmview_look_up(lookups, "btf_find_by_name_kind", &btf_functions.find);
	kmview_look_up(lookups, "btf_name_by_offset", &btf_functions.name);
}

#else

static int check_types(void)
{
	return 0;
}

static void look_up_btf(struct kmview_lookups *lookups)
{
}

#endif

int kmview_symbols_init(void)
{
	struct kmview_lookups *lookups = kmview_lookups_new();
	unsigned int i;

	if (!lookups)
		return -ENOMEM;
	for (i = 0; i < KMVIEW_FUNCTIONS; i++)
		kmview_look_up(lookups, functions[i].name, &functions[i].address);
	look_up_btf(lookups);
	kmview_lookups_flush(lookups);
	kfree(lookups);
	return check_types();
}

bool kmview_has(enum kmview_function function)
{
	return functions[function].address;
}

unsigned long kmview_address(enum kmview_function function)
{
	return functions[function].address;
}

/* ---- the functions */

#define CALL(function, a, b, c, d, e)                                                                                  \
	kmview_call(functions[function].address, (unsigned long)(a), (unsigned long)(b), (unsigned long)(c),           \
		    (unsigned long)(d), (unsigned long)(e))

int kmview_receive_fd_replace(int fd, struct file *file, unsigned int flags)
{
	return CALL(KMVIEW_RECEIVE_FD_REPLACE, fd, file, flags, 0, 0);
}

void kmview_cgroup_enter_frozen(void)
{
	CALL(KMVIEW_CGROUP_ENTER_FROZEN, 0, 0, 0, 0, 0);
}

void kmview_cgroup_leave_frozen(bool always)
{
	CALL(KMVIEW_CGROUP_LEAVE_FROZEN, always, 0, 0, 0, 0);
}

int kmview_create_user_ns(struct cred *cred)
{
	return CALL(KMVIEW_CREATE_USER_NS, cred, 0, 0, 0, 0);
}

struct ucounts *kmview_alloc_ucounts(struct user_namespace *ns, kuid_t uid)
{
	return (struct ucounts *)CALL(KMVIEW_ALLOC_UCOUNTS, ns, __kuid_val(uid), 0, 0, 0);
}

void kmview_put_ucounts(struct ucounts *ucounts)
{
	CALL(KMVIEW_PUT_UCOUNTS, ucounts, 0, 0, 0, 0);
}

int kmview_path_mount(const char *source, struct path *path, const char *type, unsigned long flags, void *data)
{
	return CALL(KMVIEW_PATH_MOUNT, source, path, type, flags, data);
}

int kmview_path_umount(struct path *path, int flags)
{
	return CALL(KMVIEW_PATH_UMOUNT, path, flags, 0, 0, 0);
}

bool kmview_ptrace_may_access(struct task_struct *task, unsigned int mode)
{
	return (u8)CALL(KMVIEW_PTRACE_MAY_ACCESS, task, mode, 0, 0, 0);
}

struct pid *kmview_pidfd_get_pid(unsigned int fd, unsigned int *flags)
{
	return (struct pid *)CALL(KMVIEW_PIDFD_GET_PID, fd, flags, 0, 0, 0);
}

void kmview_set_fs_pwd(struct fs_struct *fs, const struct path *path)
{
	CALL(KMVIEW_SET_FS_PWD, fs, path, 0, 0, 0);
}

bool kmview_current_chrooted(void)
{
	return (u8)CALL(KMVIEW_CURRENT_CHROOTED, 0, 0, 0, 0, 0);
}
