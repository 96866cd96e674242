/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * viewfs: two directory trees shown as one.
 *
 *   request of the kernel -> a node (node.c) -> where its names are (find.c, with what book.c and
 *   record.c know of SOURCE/.-) -> the same call on SOURCE or TARGET (data.c, attr.c, xattr.c,
 *   names.c, rename.c, listing.c), after a copy to SOURCE if the mode asks for one (copyup.c).
 *
 * SOURCE and TARGET are held by O_PATH descriptors taken before the mount; every file is reached by
 * an *at() call on the descriptor of its directory and a single name, so neither a rename elsewhere
 * nor a symbolic link leads out of the trees.
 *
 * Locks, outermost first:
 *   copy_lock(node)   one copy of a file to SOURCE at a time (striped)
 *   view.tree         read: nothing moves; write: names, the layers of nodes, descriptors change.
 *                     Data is copied without it.
 *   view.table        the hash of nodes, counts of references, lists of links and handles
 * Functions return 0 or a negative errno unless they say otherwise.
 */
#ifndef VIEWFS_H
#define VIEWFS_H

#define FUSE_USE_VERSION 312

#include <errno.h>
#include <fuse_lowlevel.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#define PROGRAM "viewfs"

enum mode {
	MODE_MOVE,
	MODE_MERGE,
	MODE_COW,
	MODE_MINCOW,
};

/* What a directory has a descriptor for. BOOK is its counterpart in the bookkeeping, SOURCE/.- */
enum layer {
	SOURCE,
	TARGET,
	BOOK,
	LAYERS,
};

#define IN_SOURCE 1
#define IN_TARGET 2

enum {
	NODE_PLAIN = 1,	 /* in an exception: TARGET as it is */
	NODE_BARE = 2,	 /* of TARGET only exceptions show */
	NODE_GONE = 4,	 /* has no name any more */
	NODE_NOBOOK = 8, /* has no bookkeeping directory */
	NODE_SETID = 32, /* the kernel was told of set-ID bits, which writing takes away */
	NODE_STALE = 64, /* TARGET's directory changed: the kernel's listing is out of date */
	NODE_USED = 16,	 /* its descriptors were used since the last sweep */
};

/* A tree of the names that lead to exceptions. */
struct exception {
	struct exception *next, *children;
	bool end;
	char name[];
};

struct link {
	struct link *next;
	struct node *parent;
	char name[];
};

/* What the bookkeeping says of a file instead of what its file system says. */
enum {
	RECORD_TYPE = 1,
	RECORD_MODE = 2,
	RECORD_UID = 4,
	RECORD_GID = 8,
	RECORD_RDEV = 16,
	RECORD_CTIME = 32,
	RECORD_ATIME = 64,
	RECORD_MTIME = 128,
	RECORD_OWNER = RECORD_UID | RECORD_GID,
	RECORD_TIMES = RECORD_CTIME | RECORD_ATIME | RECORD_MTIME,
};

struct record {
	unsigned int has;
	mode_t mode; /* type and permissions */
	uid_t uid;
	gid_t gid;
	dev_t rdev;
	struct timespec ctime, atime, mtime;
};

/* A file the kernel knows of. dev and ino are those of its file in SOURCE, or else in TARGET. */
struct node {
	struct node *next;
	dev_t dev;
	ino_t ino;
	uint64_t number; /* the inode number shown; stays when the file is copied */
	uint64_t lookups;
	uint32_t holds; /* nodes below it, and calls in progress */
	mode_t type;
	mode_t told; /* what the kernel takes it for */
	uint8_t in, flags;
	int fd[LAYERS]; /* of a directory, opened when needed; of a file without a name */
	struct link *links;
	struct handle *handles;
	const struct exception *exceptions;
	char *redirect;	     /* the directory of TARGET that shows here, if it has another path */
	struct record *kept; /* of a file without a name */
	struct stat seen;    /* of TARGET's file when it was last opened: may its pages be kept? */
	struct opened *opened;	 /* opened.c; under view.table */
	struct listing *listing; /* listing.c: half read, without a handle; under view.table */
};

struct handle {
	struct handle *next;
	struct node *node;
	int fd;
	int flags;
	enum layer layer;
};

/* Where a name leads. */
struct found {
	uint8_t in, flags;
	bool hidden; /* the bookkeeping hides TARGET's file of that name */
	const struct exception *exceptions;
	char *redirect;
	struct stat st;	 /* of the file that shows */
	struct stat low; /* of TARGET's, if in has IN_TARGET and it is a directory */
};

struct options {
	const char *source, *target, *tree;
	enum mode mode;
	bool vstat, wok, nochcopy, readonly, foreground, debug, writeback, default_permissions,
		allow_other;
	double timeout;
	unsigned int threads;
	const char **except;
	size_t except_count;
	struct fuse_args fuse;
};

struct view {
	struct options options;
	enum mode mode;
	bool markers;  /* deleted names are honoured and written */
	bool records;  /* attributes in the bookkeeping are honoured */
	bool lazy;     /* the kernel opens without asking (opened.c) */
	bool single;   /* SOURCE and TARGET are one directory */
	dev_t dev;     /* of the tree whose inode numbers are shown as they are */
	dev_t own_dev; /* of the mount, if TARGET is a tree it may be in */
	int covered;   /* the directory under the mount, then */
	uid_t uid;
	gid_t gid;
	int work; /* SOURCE/.-/ 0x7f 0x7f: files being made */
	unsigned int open_dirs, open_limit;
	pthread_rwlock_t tree;
	pthread_mutex_t table;
	struct node root;
	struct fuse_session *session;
};

extern struct view view;

/* A file as *at() calls take it: flags are AT_SYMLINK_NOFOLLOW, and AT_EMPTY_PATH for name "" */
struct place {
	int fd;
	const char *name;
};

#define PLACE_FLAGS (AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)

/* options.c */
void options_parse(struct options *options, int argc, char **argv);
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* node.c */
int nodes_init(void);
struct node *node_of(fuse_ino_t ino);
struct node *node_get(const struct found *found, struct node *parent, const char *name);
struct node *node_known(const struct found *found, struct node *parent, const char *name);
void node_put(struct node *node);
uint64_t node_number(dev_t dev, ino_t ino);
void node_forget(struct node *node, uint64_t lookups);
void node_rekey(struct node *node, const struct stat *st);
void node_unlink(struct node *node, struct node *parent, const char *name, bool last);
int node_relink(struct node *node, struct node *parent, const char *name, struct node *new_parent,
		const char *new_name);
void nodes_free(void);
static inline fuse_ino_t node_id(const struct node *node)
{
	return node == &view.root ? FUSE_ROOT_ID : (fuse_ino_t)(uintptr_t)node;
}
static inline bool is_dir(const struct node *node)
{
	return S_ISDIR(node->type);
}

/* place.c */
int dir_fd(struct node *dir, enum layer layer);
int open_below(int fd, const char *path, int flags);
int place_of(struct node *node, enum layer layer, struct place *place);
int place_stat(struct node *node, enum layer layer, struct stat *st);
int place_open(struct node *node, enum layer layer, int flags);
int enter(const struct place *place); /* makes it the thread's working directory */
enum layer shown_layer(const struct node *node);
int target_stat(int fd, const char *name, struct stat *st);
char *path_in_view(struct node *dir, const char *name);
char *path_in_target(struct node *dir);
void tree_read(void);
void tree_write(void);
void tree_unlock(void);

/* opened.c: a node's descriptor for data. get: counted until put, NULL and *error; keep: a new one for
 * the node, counted. */
struct opened;
struct opened *opened_get(struct node *node, bool write, int *error);
struct opened *opened_keep(struct node *node, int fd, bool write);
int opened_fd(const struct opened *opened);
void opened_put(struct opened *opened);
/* The node's own goes; unused: if nobody else has it. view.table is held. */
void opened_drop(struct node *node, bool unused);
bool opened_lazily(void); /* do options and trees allow it? */
bool made_when_read(int fd);

/* ids.c */
int ids_init(void);
bool ids_initial(void);
uid_t uid_shown(uid_t uid);
gid_t gid_shown(gid_t gid);

/* channel.c */
int channel_init(struct fuse_session *session);

/* except.c */
int except_add(const char *path);
const struct exception *except_child(const struct exception *list, const char *name);
extern struct exception *except_root;

/* find.c */
int find(struct node *parent, const char *name, struct found *found);
int find_below(struct node *parent, const char *name, struct stat *st);
void found_free(struct found *found);
uint64_t number_of(const struct found *found);
uint64_t number_for(dev_t dev, ino_t ino);
bool reserved(const struct node *parent, const char *name);

/* book.c */
int book_open(void);
int book_work(void);
int book_temporary(char *name, size_t size);
int book_dir(struct node *dir);
int book_marks(struct node *parent, const char *name, char **redirect);
int book_mark(struct node *parent, const char *name);
void book_unmark(struct node *parent, const char *name);
int book_seal(struct node *dir, const char *redirect);
int book_seal_name(struct node *parent, const char *name);
void book_clear(struct node *parent, const char *name);
int book_rename(struct node *parent, const char *name, struct node *new_parent,
		const char *new_name, bool exchange);
int remove_tree(int fd, const char *name);
#define MARKED 1 /* book_marks(): the name of TARGET is hidden */
#define SEALED 2 /* it is a directory that shows nothing of TARGET, or another directory of it */

/* record.c */
bool record_read(int book, const char *name, struct record *record);
int record_write(int book, const char *name, const struct record *record);
void record_apply(const struct record *record, struct stat *st);
void record_remove(int book, const char *name);
int record_rename(int book, const char *name, int new_book, const char *new_name, bool exchange);
int record_print(const struct record *record, char *text, size_t size);
int record_parse(const char *text, struct record *record);
bool node_record(struct node *node, struct record *record);
int node_set_record(struct node *node, const struct record *record);

/* journal.c */
int journal_write(const char *old_path, const char *new_path, bool mark);
void journal_clear(void);
int journal_replay(void);

/* links.c */
int links_load(void);
int links_lost(const struct stat *low, bool there);
void links_gained(const struct stat *low);
int links_copied(const struct stat *low, unsigned int names, int work, const char *made);
bool links_wanted(const struct found *found);
int links_set_record(const struct node *node, const struct record *record);
int links_join(struct node *parent, const char *name);
nlink_t links_count(const struct node *node, const struct stat *st);

/* copyup.c */
int link_in_place(int from, const char *name, struct node *parent, const char *new_name);
#define COPY_ALL INT64_MAX
int copy_up(struct node *node, int64_t size);
int ensure_source_dir(struct node *dir);
bool denied(int error);

/* change.c */
typedef int (*change_fn)(struct node *node, enum layer layer, void *argument);
int change(struct node *node, change_fn function, void *argument);
typedef int (*make_fn)(int dir, const char *name, void *argument);
int make_name(struct node *parent, const char *name, make_fn function, void *argument,
	      enum layer *layer);
int may_change(struct node *dir);
bool writable_copy(struct node *node);

/* attr.c */
int entry_for(struct node *parent, const char *name, struct fuse_entry_param *entry);
int record_new(struct node *parent, const char *name, enum layer layer, mode_t mode, dev_t rdev,
	       const struct fuse_ctx *ctx);

/* Is the kernel's listing of a directory out of date? Then the node is held until forget_listing, which
 * is for after the reply, as the kernel may hold until then what is to go. */
bool listing_is_stale(struct node *node);
void forget_listing(struct node *node);

/* xattr.c */
int copy_xattrs(struct node *node, const struct place *to);

/* names.c */
void hold_on(struct node *node);

/* listing.c */
int dir_is_empty(struct node *dir);
void listing_close(struct listing *listing);

/* The operations, one set for each file. */
void attr_ops(struct fuse_lowlevel_ops *ops);
void xattr_ops(struct fuse_lowlevel_ops *ops);
void data_ops(struct fuse_lowlevel_ops *ops);
void names_ops(struct fuse_lowlevel_ops *ops);
void rename_ops(struct fuse_lowlevel_ops *ops);
void listing_ops(struct fuse_lowlevel_ops *ops);
int layer_flags(int flags);

#endif
