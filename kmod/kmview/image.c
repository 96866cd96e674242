// SPDX-License-Identifier: GPL-2.0-only
/*
 * The session's image, see image.h.
 *
 *   KMVIEW_IMAGE     two files of the manager's, tried out in its own memory
 *   exec             sched_process_exec leaves a task work
 *   task work        before the program's first instruction: map the image, a private page for it, the shared page; then
 *                    the auxiliary vector, on the program's stack, gets the image's address as that of the vDSO
 *
 * With sessions in sessions each image is told of the one further out as if that was the vDSO, so the calls of the inner
 * one go through both.
 *
 * The files are mapped with the rights of the task that executes, from descriptors that the manager had opened. The
 * page that all share is a file that was opened for reading only, or a task could make its mapping writable. What
 * becomes of the memory afterwards is the program's own affair, as with the vDSO. A program that gets no image, although
 * it should, would see what the session is to hide: it is killed, as by an exec that fails so late.
 *
 * session->image_lock protects session->image; entries are counted, since an exec may use one that is being replaced.
 */
#include <linux/auxvec.h>
#include <linux/binfmts.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/task_work.h>
#include <linux/uaccess.h>
#include <asm/ptrace.h>

#include "image.h"
#include "session.h"

/* Pairs of the auxiliary vector that are looked at; the kernel makes less than half as many. */
#define PAIRS_MAX 64

struct kmview_image_entry {
	refcount_t refs;
	struct file *image;
	struct file *page; /* NULL: none */
	unsigned long bytes;
};

static void put_image(struct kmview_image_entry *entry)
{
	if (!entry || !refcount_dec_and_test(&entry->refs))
		return;
	if (entry->image)
		fput(entry->image);
	if (entry->page)
		fput(entry->page);
	kfree(entry);
}

static struct kmview_image_entry *get_image(struct kmview_session *session)
{
	struct kmview_image_entry *entry;

	spin_lock(&session->image_lock);
	entry = session->image;
	if (entry)
		refcount_inc(&entry->refs);
	spin_unlock(&session->image_lock);
	return entry;
}

static void replace_image(struct kmview_session *session, struct kmview_image_entry *entry)
{
	spin_lock(&session->image_lock);
	swap(session->image, entry);
	spin_unlock(&session->image_lock);
	put_image(entry);
}

/* ---- in the manager */

static bool is_file(const struct file *file)
{
	return S_ISREG(file_inode(file)->i_mode) && file->f_mode & FMODE_READ;
}

/* Can it be mapped as it will be? */
static int try_out(struct file *file, unsigned long bytes, unsigned long prot, unsigned long flags)
{
	unsigned long address = vm_mmap(file, 0, bytes, prot, flags, 0);

	if (IS_ERR_VALUE(address))
		return address;
	vm_munmap(address, bytes);
	return 0;
}

static int check_files(struct kmview_image_entry *entry)
{
	loff_t size;
	int err;

	if (!entry->image || !is_file(entry->image))
		return entry->image ? -EINVAL : -EBADF;
	size = i_size_read(file_inode(entry->image));
	if (size <= 0 || size > KMVIEW_IMAGE_BYTES)
		return -EINVAL;
	entry->bytes = PAGE_ALIGN(size);
	err = try_out(entry->image, entry->bytes, PROT_READ | PROT_EXEC, MAP_PRIVATE);
	if (err || !entry->page)
		return err;
	if (!is_file(entry->page) || entry->page->f_mode & FMODE_WRITE ||
	    i_size_read(file_inode(entry->page)) < PAGE_SIZE)
		return -EINVAL;
	return try_out(entry->page, PAGE_SIZE, PROT_READ, MAP_SHARED);
}

int kmview_image_set(struct kmview_session *session, const struct kmview_image *arg)
{
	struct kmview_image_entry *entry;
	int err;

	if (arg->reserved || arg->image < -1 || arg->page < -1 || session->flags & KMVIEW_INIT_WATCH)
		return -EINVAL;
	if (arg->image == -1) {
		if (arg->page != -1)
			return -EINVAL;
		replace_image(session, NULL);
		return 0;
	}
	entry = kzalloc(sizeof(*entry), GFP_KERNEL_ACCOUNT);
	if (!entry)
		return -ENOMEM;
	refcount_set(&entry->refs, 1);
	entry->image = fget(arg->image);
	entry->page = arg->page >= 0 ? fget(arg->page) : NULL;
	err = arg->page >= 0 && !entry->page ? -EBADF : check_files(entry);
	if (err) {
		put_image(entry);
		return err;
	}
	replace_image(session, entry);
	return 0;
}

void kmview_image_free(struct kmview_session *session)
{
	put_image(session->image);
}

/* ---- in the task that has executed a program */

struct mapping {
	struct callback_head work;
	struct kmview_session *session; /* counted */
	u64 vector;			/* where the auxiliary vector is */
};

/* The number in the auxiliary vector that says where the vDSO is; NULL: there is none. */
static u64 __user *find_number(u64 vector)
{
	u64 vdso = (unsigned long)current->mm->context.vdso, pair[2];
	u64 __user *at = u64_to_user_ptr(vector);
	unsigned int i;

	for (i = 0; vdso && i < PAIRS_MAX; i++, at += 2) {
		if (copy_from_user(pair, at, sizeof(pair)) || pair[0] == AT_NULL)
			break;
		if (pair[0] == AT_SYSINFO_EHDR && pair[1] == vdso)
			return at + 1;
	}
	return NULL;
}

/* Map one image, and put it into the place of what the number names. False: it cannot be. */
static bool map_image(const struct kmview_image_entry *entry, u64 __user *number)
{
	unsigned long private = entry->bytes, shared = private + PAGE_SIZE;
	struct kmview_image_page page = {};
	unsigned long base;

	/* All of it first, so that it is together; what stays is the private page. */
	base = vm_mmap(NULL, 0, entry->page ? shared + PAGE_SIZE : shared, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, 0);
	if (IS_ERR_VALUE(base))
		return false;
	if (IS_ERR_VALUE(vm_mmap(entry->image, base, entry->bytes, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, 0)))
		return false;
	if (entry->page &&
	    IS_ERR_VALUE(vm_mmap(entry->page, base + shared, PAGE_SIZE, PROT_READ, MAP_SHARED | MAP_FIXED, 0)))
		return false;
	if (get_user(page.vdso, number))
		return false;
	page.shared = entry->page ? base + shared : 0;
	return !copy_to_user((void __user *)(base + private), &page, sizeof(page)) && !put_user((u64)base, number);
}

/* The outer sessions' images first. */
static bool map_all(struct kmview_session *session, u64 __user *number)
{
	struct kmview_session *inward[KMVIEW_NESTING_MAX];
	struct kmview_image_entry *entry;
	unsigned int n = 0;
	bool good = true;

	for (; session && n < KMVIEW_NESTING_MAX; session = session->parent)
		inward[n++] = session;
	while (good && n--) {
		entry = get_image(inward[n]);
		if (entry)
			good = map_image(entry, number);
		put_image(entry);
	}
	return good;
}

/* /proc/PID/auxv is for debuggers, and for programs that do not look on their stack: it names the image, too. */
static void save_number(unsigned long address)
{
	unsigned long *saved = current->mm->saved_auxv;
	unsigned int i;

	task_lock(current); /* as prctl(2) does that writes it */
	for (i = 0; i + 1 < AT_VECTOR_SIZE && saved[i] != AT_NULL; i += 2)
		if (saved[i] == AT_SYSINFO_EHDR)
			saved[i + 1] = address;
	task_unlock(current);
}

static void map_image_work(struct callback_head *head)
{
	struct mapping *mapping = container_of(head, struct mapping, work);
	u64 __user *number;
	u64 address;

	if (!(current->flags & PF_EXITING) && current->mm && user_64bit_mode(task_pt_regs(current)) &&
	    !test_thread_flag(TIF_ADDR32)) {
		number = find_number(mapping->vector);
		if (number && (!map_all(mapping->session, number) || get_user(address, number)))
			send_sig(SIGKILL, current, 1);
		else if (number)
			save_number(address);
	}
	kmview_session_put(mapping->session);
	kfree(mapping);
}

void kmview_image_exec(struct kmview_session *session, const struct linux_binprm *bprm)
{
	const struct kmview_session *any = session;
	struct mapping *mapping;

	while (any && !READ_ONCE(any->image))
		any = any->parent;
	/* What its user may not read is not for code of the manager's, either. */
	if (likely(!any) || bprm->interp_flags & BINPRM_FLAGS_ENFORCE_NONDUMP)
		return;
	mapping = kzalloc(sizeof(*mapping), GFP_ATOMIC | __GFP_ACCOUNT | __GFP_NOWARN);
	if (mapping) {
		kmview_session_get(session);
		mapping->session = session;
		/* On the stack: the number of arguments, the arguments, NULL, the environment, NULL. */
		mapping->vector = current->mm->start_stack + sizeof(u64) * (bprm->argc + bprm->envc + 3ULL);
		init_task_work(&mapping->work, map_image_work);
		if (!task_work_add(current, &mapping->work, TWA_RESUME))
			return;
		kmview_session_put(session);
		kfree(mapping);
	}
	send_sig(SIGKILL, current, 1);
}
