// SPDX-License-Identifier: GPL-2.0-only
/* KUnit tests of the module's own logic: what needs no task, no file and no hook. */
#include <kunit/test.h>
#include <linux/errno.h>
#include <linux/string.h>

#include "mount_options.h"
#include "path_text.h"
#include "ring_index.h"
#include "rule_valid.h"

static void path_canonical(struct kunit *test)
{
	static const char *const good[] = { "/", "/a", "/a/b", "/.a", "/..a", "/a.", "/...", "/a/.b/..c" };
	static const char *const bad[] = { "",	  "a",	  "/a/",   "//",   "//a",   "/a//b",  "/.",
					   "/..", "/a/.", "/a/..", "/./a", "/../a", "/a/./b", "/a/../b" };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(good); i++)
		KUNIT_EXPECT_TRUE_MSG(test, kmview_path_is_canonical(good[i]), "%s", good[i]);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		KUNIT_EXPECT_FALSE_MSG(test, kmview_path_is_canonical(bad[i]), "%s", bad[i]);
}

static void path_below(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, kmview_path_below("/", "/"));
	KUNIT_EXPECT_TRUE(test, kmview_path_below("/a/b", "/"));
	KUNIT_EXPECT_TRUE(test, kmview_path_below("/a", "/a"));
	KUNIT_EXPECT_TRUE(test, kmview_path_below("/a/b", "/a"));
	KUNIT_EXPECT_FALSE(test, kmview_path_below("/ab", "/a"));
	KUNIT_EXPECT_FALSE(test, kmview_path_below("/a", "/a/b"));
	KUNIT_EXPECT_FALSE(test, kmview_path_below("/b/a", "/a"));
}

static void path_append(struct kunit *test)
{
	static const struct {
		const char *path, *relative, *result;
	} cases[] = {
		{ "/", "", "/" },
		{ "/", "a", "/a" },
		{ "/a", "b", "/a/b" },
		{ "/a", "/b", "/a/b" },
		{ "/a", "b//c/", "/a/b/c" },
		{ "/a", "./b/.", "/a/b" },
		{ "/a/b", "..", "/a" },
		{ "/a", "..", "/" },
		{ "/a", "../../..", "/" },
		{ "/a", "../b", "/b" },
		{ "/", "../a/../b/c", "/b/c" },
		{ "/a", "...", "/a/..." },
	};
	char path[32];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		strscpy(path, cases[i].path, sizeof(path));
		KUNIT_EXPECT_TRUE(test, kmview_path_append(path, sizeof(path), cases[i].relative));
		KUNIT_EXPECT_STREQ(test, path, cases[i].result);
		KUNIT_EXPECT_TRUE(test, kmview_path_is_canonical(path));
	}
}

/* Nothing is written behind the buffer, whatever fits. */
static void path_append_bounds(struct kunit *test)
{
	char path[9];
	size_t size;
	bool fits;

	for (size = 3; size <= 8; size++) {
		memset(path, 'x', sizeof(path));
		strscpy(path, "/a", size);
		fits = kmview_path_append(path, size, "bcd");
		KUNIT_EXPECT_EQ(test, fits, size >= sizeof("/a/bcd"));
		KUNIT_EXPECT_EQ(test, path[size], 'x');
	}
}

static void ring_used(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, kmview_ring_used(0, 0, 7), 0U);
	KUNIT_EXPECT_EQ(test, kmview_ring_used(5, 2, 7), 3U);
	KUNIT_EXPECT_EQ(test, kmview_ring_used(2, U32_MAX, 7), 3U);
	KUNIT_EXPECT_EQ(test, kmview_ring_used(8, 0, 7), 8U);
	/* A tail that is nowhere near: more than full, never nearly empty. */
	KUNIT_EXPECT_EQ(test, kmview_ring_used(9, 0, 7), 9U);
	KUNIT_EXPECT_EQ(test, kmview_ring_used(0, 1, 7), 9U);
	KUNIT_EXPECT_EQ(test, kmview_ring_used(0x80000000, 0, 7), 9U);
}

static void rule_valid(struct kunit *test)
{
	struct kmview_rule rule = { .nr = 1, .action = KMVIEW_NOTIFY };

	KUNIT_EXPECT_TRUE(test, kmview_rule_valid(&rule));
#define REFUSED(field, bad)                                                                                            \
	do {                                                                                                           \
		struct kmview_rule copy = rule;                                                                        \
		copy.field = (bad);                                                                                    \
		KUNIT_EXPECT_FALSE(test, kmview_rule_valid(&copy));                                                    \
	} while (0)
	REFUSED(abi, KMVIEW_ABIS);
	REFUSED(nr, KMVIEW_CALLS);
	REFUSED(action, KMVIEW_BPF + 1);
	REFUSED(flags, 1U << 31);
	REFUSED(reserved2, 1);
	REFUSED(copy[5], KMVIEW_COPY_BYTES + 1);
	rule.flags = KMVIEW_RULE_FD | KMVIEW_RULE_PATH | KMVIEW_RULE_PATH2;
	rule.dirfd_arg = rule.dirfd2_arg = rule.nofollow_arg = 255;
	KUNIT_EXPECT_TRUE(test, kmview_rule_valid(&rule));
	REFUSED(fd_arg, 6);
	REFUSED(path_arg, 6);
	REFUSED(path_arg, 255);
	REFUSED(path2_arg, 6);
	REFUSED(dirfd_arg, 6);
	REFUSED(dirfd2_arg, 254);
	REFUSED(nofollow_arg, 6);
	rule.action = KMVIEW_BPF;
	REFUSED(prog, KMVIEW_PROGS);
}

static const struct kmview_limits limits = { .uid = 1000, .gid = 100, .tmpfs_bytes = 1 << 20 };

static void mount_fs(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, (int)kmview_fs_of("fuse"), (int)KMVIEW_FS_FUSE);
	KUNIT_EXPECT_EQ(test, (int)kmview_fs_of("fuse.sshfs"), (int)KMVIEW_FS_FUSE);
	KUNIT_EXPECT_EQ(test, (int)kmview_fs_of("fuseblk"), (int)KMVIEW_FS_OTHER);
	KUNIT_EXPECT_EQ(test, (int)kmview_fs_of("fuse_"), (int)KMVIEW_FS_OTHER);
	KUNIT_EXPECT_EQ(test, (int)kmview_fs_of("ext4"), (int)KMVIEW_FS_OTHER);
	KUNIT_EXPECT_EQ(test, (int)kmview_fs_of(""), (int)KMVIEW_FS_OTHER);
}

static void mount_lists(struct kunit *test)
{
	static const struct {
		enum kmview_fs fs;
		int err;
		const char *list, *result;
	} cases[] = {
		{ KMVIEW_FS_FUSE, 0, "fd=3,rootmode=40000,user_id=1000,group_id=100",
		  "fd=3,rootmode=40000,user_id=1000,group_id=100" },
		{ KMVIEW_FS_FUSE, -EPERM, "fd=3,user_id=0,group_id=100" },
		{ KMVIEW_FS_FUSE, -EPERM, "fd=3,user_id=1000,group_id=0" },
		{ KMVIEW_FS_FUSE, -EPERM, "fd=3,user_id=1000,user_id=0" },
		{ KMVIEW_FS_FUSE, -EPERM, "fd=3,user_id=1000x" },
		{ KMVIEW_FS_FUSE, -EPERM, "fd=3,user_id=01000" }, /* octal to the kernel */
		{ KMVIEW_FS_FUSE, -EPERM, "fd=3,allow_other" },
		{ KMVIEW_FS_FUSE, -EPERM, "fd=3,suid" },
		{ KMVIEW_FS_FUSE, -EPERM, "fd=3,subtype=x\\,allow_other" },
		{ KMVIEW_FS_FUSE, -EPERM, "subtype=x\\,user_id=0" },
		{ KMVIEW_FS_TMPFS, -EPERM, "mode=700\\,size=2m" },
		{ KMVIEW_FS_TMPFS, 0, "", "size=1048576" },
		{ KMVIEW_FS_TMPFS, 0, "mode=700", "mode=700,size=1048576" },
		{ KMVIEW_FS_TMPFS, 0, "size=64k", "size=64k" },
		{ KMVIEW_FS_TMPFS, 0, ",,size=1m,", ",,size=1m," },
		{ KMVIEW_FS_TMPFS, -EPERM, "size=2m" },
		{ KMVIEW_FS_TMPFS, -EPERM, "size=0" },
		{ KMVIEW_FS_TMPFS, -EPERM, "size=50%" },
		{ KMVIEW_FS_TMPFS, -EPERM, "size" },
		{ KMVIEW_FS_TMPFS, -EPERM, "nr_blocks=1" },
		{ KMVIEW_FS_TMPFS, 0, "nr_inodes=256,size=1m", "nr_inodes=256,size=1m" },
		{ KMVIEW_FS_TMPFS, -EPERM, "nr_inodes=257" },
		{ KMVIEW_FS_TMPFS, -EPERM, "nr_inodes=0" },
		{ KMVIEW_FS_OVERLAY, 0, "lowerdir=/a:/b", "lowerdir=/a:/b,userxattr" },
		{ KMVIEW_FS_OVERLAY, 0, "lowerdir=/a\\,suid,userxattr", "lowerdir=/a\\,suid,userxattr" },
		{ KMVIEW_FS_OVERLAY, 0, "lowerdir=/a,index=off", "lowerdir=/a,index=off,userxattr" },
		{ KMVIEW_FS_OVERLAY, -EPERM, "lowerdir=/a,redirect_dir=on" },
		{ KMVIEW_FS_OVERLAY, -EPERM, "lowerdir=/a,metacopy=on" },
		{ KMVIEW_FS_OTHER, -EPERM, "ro" },
	};
	char list[80];
	unsigned int i;
	int err;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		strscpy(list, cases[i].list, sizeof(list));
		err = kmview_options_check(cases[i].fs, list, sizeof(list), &limits);
		KUNIT_EXPECT_EQ_MSG(test, err, cases[i].err, "%s", cases[i].list);
		/* A refused list is not changed, either. */
		KUNIT_EXPECT_STREQ(test, list, cases[i].result ?: cases[i].list);
	}
}

static void mount_list_too_long(struct kunit *test)
{
	char list[16] = "mode=700";

	KUNIT_EXPECT_EQ(test, kmview_options_check(KMVIEW_FS_TMPFS, list, sizeof(list), &limits), -E2BIG);
}

static struct kunit_case kmview_logic_cases[] = { KUNIT_CASE(path_canonical),
						  KUNIT_CASE(path_below),
						  KUNIT_CASE(path_append),
						  KUNIT_CASE(path_append_bounds),
						  KUNIT_CASE(ring_used),
						  KUNIT_CASE(rule_valid),
						  KUNIT_CASE(mount_fs),
						  KUNIT_CASE(mount_lists),
						  KUNIT_CASE(mount_list_too_long),
						  {} };

static struct kunit_suite kmview_logic_suite = {
	.name = "kmview_logic",
	.test_cases = kmview_logic_cases,
};
kunit_test_suite(kmview_logic_suite);

MODULE_LICENSE("GPL");
