// SPDX-License-Identifier: GPL-2.0-only
/*
 * The session's own executable formats, see format.h.
 *
 * One struct linux_binfmt, before all others, is asked at each exec of the machine from when a session first has rules; for a
 * task outside all sessions, or in sessions without rules, it says at once that the format is none of its own. It stays until
 * the module goes: the kernel goes on from its place in the list when it was asked, and only the module's count, which it
 * takes for that, tells that nobody is about to. For others it looks for a rule, of the
 * innermost session that has one for the file, and does what the kernel does for "#!": the interpreter becomes the program,
 * the file's name its first argument. It is opened with the task's rights, where the task is; the kernel goes on from
 * there, with the interpreter's own format, and ends chains that are too long.
 *
 * session->formats_lock protects session->formats; tables never change and are counted, since an exec may use one that is
 * being replaced.
 */
#include <linux/binfmts.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/overflow.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "format.h"
#include "path_text.h"
#include "session.h"
#include "task.h"

static_assert(KMVIEW_FORMAT_REACH == BINPRM_BUF_SIZE);

struct rule {
	struct kmview_format format;
	char *interpreter;
	char *directory; /* NULL: any */
};

struct kmview_format_table {
	refcount_t refs;
	u32 count;
	struct rule rule[];
};

static void come_first(void);

static void table_put(struct kmview_format_table *table)
{
	u32 i;

	if (!table || !refcount_dec_and_test(&table->refs))
		return;
	for (i = 0; i < table->count; i++) {
		kfree(table->rule[i].interpreter);
		kfree(table->rule[i].directory);
	}
	kfree(table);
}

static struct kmview_format_table *table_get(struct kmview_session *session)
{
	struct kmview_format_table *table;

	spin_lock(&session->formats_lock);
	table = session->formats;
	if (table)
		refcount_inc(&table->refs);
	spin_unlock(&session->formats_lock);
	return table;
}

/* ---- in the manager */

static char *read_path(u64 address)
{
	char *user = strndup_user(u64_to_user_ptr(address), PATH_MAX), *path;

	if (IS_ERR(user))
		return user;
	/* What stays is on the manager's account; what the kernel's function allocates is not. */
	path = kmview_path_is_canonical(user) ? kstrdup(user, GFP_KERNEL_ACCOUNT) : ERR_PTR(-EINVAL);
	kfree(user);
	return path ?: ERR_PTR(-ENOMEM);
}

static bool is_valid(const struct kmview_format *format)
{
	const u32 tests = KMVIEW_FORMAT_MAGIC | KMVIEW_FORMAT_SUFFIX | KMVIEW_FORMAT_DIRECTORY;

	if (format->flags & ~(tests | KMVIEW_FORMAT_ARGV0) || !(format->flags & tests) || format->reserved)
		return false;
	if (format->flags & KMVIEW_FORMAT_MAGIC && (!format->length || format->length > KMVIEW_FORMAT_BYTES ||
						    format->offset + format->length > KMVIEW_FORMAT_REACH))
		return false;
	return !(format->flags & KMVIEW_FORMAT_SUFFIX) ||
	       (format->suffix[0] && strnlen(format->suffix, sizeof(format->suffix)) < sizeof(format->suffix) &&
		!strchr(format->suffix, '/'));
}

/* What it has allocated is freed with the table. */
static int read_rule(struct rule *rule)
{
	char *path;

	if (!is_valid(&rule->format))
		return -EINVAL;
	path = read_path(rule->format.interpreter);
	if (IS_ERR(path))
		return PTR_ERR(path);
	rule->interpreter = path;
	if (!(rule->format.flags & KMVIEW_FORMAT_DIRECTORY))
		return 0;
	path = read_path(rule->format.directory);
	if (IS_ERR(path))
		return PTR_ERR(path);
	rule->directory = path;
	return 0;
}

static struct kmview_format_table *read_table(const struct kmview_formats *arg)
{
	struct kmview_format __user *from = u64_to_user_ptr(arg->formats);
	struct kmview_format_table *table;
	int err = 0;
	u32 i;

	table = kzalloc(struct_size(table, rule, arg->count), GFP_KERNEL_ACCOUNT);
	if (!table)
		return ERR_PTR(-ENOMEM);
	refcount_set(&table->refs, 1);
	table->count = arg->count;
	for (i = 0; i < arg->count && !err; i++)
		err = copy_from_user(&table->rule[i].format, &from[i], sizeof(*from)) ? -EFAULT
										      : read_rule(&table->rule[i]);
	if (err) {
		table_put(table);
		return ERR_PTR(err);
	}
	return table;
}

int kmview_formats_set(struct kmview_session *session, const struct kmview_formats *arg)
{
	struct kmview_format_table *table = NULL;

	if (arg->reserved || arg->count > KMVIEW_FORMATS_MAX || session->flags & KMVIEW_INIT_WATCH)
		return -EINVAL;
	if (arg->count) {
		table = read_table(arg);
		if (IS_ERR(table))
			return PTR_ERR(table);
		come_first();
	}
	spin_lock(&session->formats_lock);
	swap(session->formats, table);
	spin_unlock(&session->formats_lock);
	table_put(table);
	return 0;
}

void kmview_formats_free(struct kmview_session *session)
{
	table_put(session->formats);
}

/* ---- in the task that executes a file */

static bool has_magic(const struct kmview_format *format, const char *start)
{
	unsigned int i;

	for (i = 0; i < format->length; i++)
		if ((start[format->offset + i] ^ format->magic[i]) & format->mask[i])
			return false;
	return true;
}

static bool has_suffix(const struct kmview_format *format, const char *name)
{
	size_t length = strlen(name), suffix = strlen(format->suffix);

	return length > suffix && !strcmp(name + length - suffix, format->suffix) && name[length - suffix - 1] != '/';
}

/* Is the file below a directory, as the task sees it? Also if there is no memory to tell: -ENOMEM. */
static int is_below(struct file *file, const char *directory)
{
	char *buffer = kmalloc(PATH_MAX, GFP_KERNEL), *name;
	bool below;

	if (!buffer)
		return -ENOMEM;
	name = d_path(&file->f_path, buffer, PATH_MAX);
	below = !IS_ERR(name) && name[0] == '/' && kmview_path_below(name, directory);
	kfree(buffer);
	return below;
}

static int rule_matches(const struct rule *rule, const struct linux_binprm *bprm)
{
	if (rule->format.flags & KMVIEW_FORMAT_MAGIC && !has_magic(&rule->format, bprm->buf))
		return 0;
	if (rule->format.flags & KMVIEW_FORMAT_SUFFIX && !has_suffix(&rule->format, bprm->interp))
		return 0;
	return rule->directory ? is_below(bprm->file, rule->directory) : 1;
}

/* The interpreter becomes the program, as that of a script does. Where it fails the arguments are changed already. */
static int change_program(const struct rule *rule, struct linux_binprm *bprm)
{
	struct file *file;
	int err = 0;

	/* It could not open the file: the descriptor is closed by then. */
	if (bprm->interp_flags & BINPRM_FLAGS_PATH_INACCESSIBLE)
		return -ENOENT;
	if (rule->format.flags & KMVIEW_FORMAT_ARGV0)
		bprm->interp_flags |= BINPRM_FLAGS_PRESERVE_ARGV0; /* the interpreter sees it in AT_FLAGS */
	else
		err = remove_arg_zero(bprm);
	if (!err)
		err = copy_string_kernel(bprm->interp, bprm);
	if (err)
		return err;
	bprm->argc++;
	err = copy_string_kernel(rule->interpreter, bprm);
	if (err)
		return err;
	bprm->argc++;
	err = bprm_change_interp(rule->interpreter, bprm);
	if (err)
		return err;
	file = open_exec(rule->interpreter);
	if (!IS_ERR(file))
		bprm->interpreter = file;
	return PTR_ERR_OR_ZERO(file);
}

/* -ENOEXEC: no rule of the session is for the file. */
static int try_session(struct kmview_session *session, struct linux_binprm *bprm)
{
	struct kmview_format_table *table = table_get(session);
	int err = -ENOEXEC, match;
	u32 i;

	for (i = 0; table && i < table->count && err == -ENOEXEC; i++) {
		match = rule_matches(&table->rule[i], bprm);
		if (match)
			err = match < 0 ? match : change_program(&table->rule[i], bprm);
		/* Of a file system's own, at the open: no other format is to see the changed arguments. */
		if (match && err == -ENOEXEC)
			err = -ELIBBAD;
	}
	table_put(table);
	return err;
}

static int load_binary(struct linux_binprm *bprm)
{
	struct kmview_task *self = kmview_current();
	struct kmview_session *session;
	int err = -ENOEXEC;

	if (likely(!self))
		return -ENOEXEC;
	for (session = self->session; session && err == -ENOEXEC; session = session->parent)
		if (READ_ONCE(session->formats))
			err = try_session(session, bprm);
	return err;
}

/*
 * What the kernel knows of us, the newest last. It asks whoever came last first: a module with a format that is loaded
 * after ours (binfmt_misc) would come before the session's rules. So then one more of ours goes before that; the old
 * ones are asked in vain, since none can be taken out while an exec may be at it.
 */
#define PLACES 16
static DEFINE_MUTEX(places_lock);
static struct linux_binfmt places[PLACES];
static unsigned int places_taken;
static const struct list_head *kernel_list; /* its head: what comes before the first one */

static void come_first(void)
{
	struct linux_binfmt *place;

	mutex_lock(&places_lock);
	place = &places[places_taken];
	if (!places_taken || (places_taken < PLACES && READ_ONCE(place[-1].lh.prev) != kernel_list)) {
		place->module = THIS_MODULE;
		place->load_binary = load_binary;
		insert_binfmt(place);
		if (!places_taken)
			kernel_list = READ_ONCE(place->lh.prev);
		WRITE_ONCE(places_taken, places_taken + 1);
	}
	mutex_unlock(&places_lock);
}

static int on_module(struct notifier_block *block, unsigned long state, void *module)
{
	if (state == MODULE_STATE_LIVE && READ_ONCE(places_taken))
		come_first();
	return NOTIFY_DONE;
}

static struct notifier_block modules = { .notifier_call = on_module };

int kmview_formats_init(void)
{
	return register_module_notifier(&modules);
}

void kmview_formats_exit(void)
{
	unregister_module_notifier(&modules);
	while (places_taken)
		unregister_binfmt(&places[--places_taken]);
}
