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
#include <linux/mutex.h>
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

static DEFINE_MUTEX(asked_lock);
static bool asked; /* the kernel knows our format */
static void ask_us(void);

static void put(struct kmview_format_table *table)
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

static struct kmview_format_table *get(struct kmview_session *session)
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
	char *path = strndup_user(u64_to_user_ptr(address), PATH_MAX);

	if (!IS_ERR(path) && !kmview_path_is_canonical(path)) {
		kfree(path);
		return ERR_PTR(-EINVAL);
	}
	return path;
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
		put(table);
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
		ask_us();
	}
	spin_lock(&session->formats_lock);
	swap(session->formats, table);
	spin_unlock(&session->formats_lock);
	put(table);
	return 0;
}

void kmview_formats_free(struct kmview_session *session)
{
	put(session->formats);
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

static int matches(const struct rule *rule, const struct linux_binprm *bprm)
{
	if (rule->format.flags & KMVIEW_FORMAT_MAGIC && !has_magic(&rule->format, bprm->buf))
		return 0;
	if (rule->format.flags & KMVIEW_FORMAT_SUFFIX && !has_suffix(&rule->format, bprm->interp))
		return 0;
	return rule->directory ? is_below(bprm->file, rule->directory) : 1;
}

/* The interpreter becomes the program, as that of a script does. */
static int interpret(const struct rule *rule, struct linux_binprm *bprm)
{
	struct file *file;
	int err = 0;

	/* It could not open the file: the descriptor is closed by then. */
	if (bprm->interp_flags & BINPRM_FLAGS_PATH_INACCESSIBLE)
		return -ENOENT;
	if (!(rule->format.flags & KMVIEW_FORMAT_ARGV0))
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
	if (IS_ERR(file))
		return PTR_ERR(file);
	bprm->interpreter = file;
	return 0;
}

/* -ENOEXEC: no rule of the session is for the file. */
static int try_session(struct kmview_session *session, struct linux_binprm *bprm)
{
	struct kmview_format_table *table = get(session);
	int err = -ENOEXEC, match;
	u32 i;

	for (i = 0; table && i < table->count && err == -ENOEXEC; i++) {
		match = matches(&table->rule[i], bprm);
		if (match)
			err = match < 0 ? match : interpret(&table->rule[i], bprm);
	}
	put(table);
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

static struct linux_binfmt format = {
	.module = THIS_MODULE,
	.load_binary = load_binary,
};

static void ask_us(void)
{
	mutex_lock(&asked_lock);
	if (!asked)
		insert_binfmt(&format);
	asked = true;
	mutex_unlock(&asked_lock);
}

void kmview_formats_exit(void)
{
	if (asked)
		unregister_binfmt(&format);
}
