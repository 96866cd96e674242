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
	REFUSED(copy[5], KMVIEW_COPY_BUFFER + 1);
	rule.flags = KMVIEW_RULE_FD | KMVIEW_RULE_PATH | KMVIEW_RULE_PATH2;
	rule.dirfd_arg = rule.dirfd2_arg = rule.nofollow_arg = KMVIEW_NO_ARGUMENT;
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

static void mount_fs(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, (int)kmview_fs_of("fuse"), (int)KMVIEW_FS_FUSE);
	KUNIT_EXPECT_EQ(test, (int)kmview_fs_of("fuse.sshfs"), (int)KMVIEW_FS_FUSE);
	KUNIT_EXPECT_EQ(test, (int)kmview_fs_of("fuseblk"), (int)KMVIEW_FS_OTHER);
	KUNIT_EXPECT_EQ(test, (int)kmview_fs_of("fuse_"), (int)KMVIEW_FS_OTHER);
	KUNIT_EXPECT_EQ(test, (int)kmview_fs_of("ext4"), (int)KMVIEW_FS_OTHER);
	KUNIT_EXPECT_EQ(test, (int)kmview_fs_of(""), (int)KMVIEW_FS_OTHER);
}

static void mount_fuse(struct kunit *test)
{
	static const struct {
		int err, fd;
		const char *list, *result;
	} cases[] = {
		{ 0, 3, "fd=3,rootmode=40000,user_id=1000,group_id=100",
		  "fd=3,rootmode=40000,user_id=1000,group_id=100" },
		{ 0, 5, "fd=3,fd=5", "fd=3,fd=5" },
		{ 0, 3, "allow_other,fd=3", "fd=3" },
		{ 0, 3, "fd=3,allow_other,,max_read=1", "fd=3,max_read=1" },
		{ 0, 3, "fd=3,allow_other", "fd=3" },
		{ 0, 8, "fd=010,user_id=01750", "fd=010,user_id=01750" }, /* octal, also to the kernel */
		{ -EPERM, 0, "fd=3,user_id=0,group_id=100" },
		{ -EPERM, 0, "fd=3,user_id=1000,group_id=0" },
		{ -EPERM, 0, "fd=3,user_id=1000,user_id=0" },
		{ -EPERM, 0, "fd=3,user_id=1000x" },
		{ -EPERM, 0, "fd=3,user_id=" },
		{ -EPERM, 0, "fd=3,user_id=01000" },
		{ -EPERM, 0, "subtype=x\\,user_id=0" },
		{ -EPERM, 0, "context=\"a,user_id=0\"" },
		{ -EINVAL, 0, "rootmode=40000" },
		{ -EINVAL, 0, "fd=x" },
		{ -EINVAL, 0, "fd=-1" },
		{ -EINVAL, 0, "" },
	};
	char list[80];
	unsigned int i;
	int err, fd;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		strscpy(list, cases[i].list, sizeof(list));
		err = kmview_fuse_options(list, 1000, 100, &fd);
		KUNIT_EXPECT_EQ_MSG(test, err, cases[i].err, "%s", cases[i].list);
		if (err || !cases[i].result)
			continue;
		KUNIT_EXPECT_STREQ(test, list, cases[i].result);
		KUNIT_EXPECT_EQ_MSG(test, fd, cases[i].fd, "%s", cases[i].list);
	}
}

static void mount_overlay(struct kunit *test)
{
	static const char *const cases[][2] = {
		{ "lowerdir=/a:/b", "lowerdir=/a:/b,userxattr" },
		{ "lowerdir=/a,userxattr", "lowerdir=/a,userxattr" },
		{ "userxattr,lowerdir=/a", "userxattr,lowerdir=/a" },
		{ "lowerdir=/userxattr", "lowerdir=/userxattr,userxattr" },
		{ "", "userxattr" },
	};
	char list[40];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		strscpy(list, cases[i][0], sizeof(list));
		KUNIT_EXPECT_EQ(test, kmview_overlay_options(list, sizeof(list)), 0);
		KUNIT_EXPECT_STREQ(test, list, cases[i][1]);
	}
	strscpy(list, "lowerdir=/a", sizeof(list));
	KUNIT_EXPECT_EQ(test, kmview_overlay_options(list, strlen(list) + 10), -E2BIG);
	KUNIT_EXPECT_EQ(test, kmview_overlay_options(list, strlen(list) + 11), 0);
}

static struct kunit_case kmview_logic_cases[] = { KUNIT_CASE(path_canonical), KUNIT_CASE(path_below),
						  KUNIT_CASE(path_append),    KUNIT_CASE(path_append_bounds),
						  KUNIT_CASE(ring_used),      KUNIT_CASE(rule_valid),
						  KUNIT_CASE(mount_fs),	      KUNIT_CASE(mount_fuse),
						  KUNIT_CASE(mount_overlay),  {} };

static struct kunit_suite kmview_logic_suite = {
	.name = "kmview_logic",
	.test_cases = kmview_logic_cases,
};
kunit_test_suite(kmview_logic_suite);

MODULE_LICENSE("GPL");
