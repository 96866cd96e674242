#!/bin/bash
# timeout: 300
# Real programs on viewfs: what they leave is what they leave on a plain directory.
as_user=1
. "$(dirname "$0")/lib/viewfs.sh"
export HOME=$PWD GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_DATE='2020-01-01T00:00Z' GIT_COMMITTER_DATE='2020-01-01T00:00Z'
git config --global user.name t
git config --global user.email t@example.org
git config --global safe.directory '*'

mkdir -p target/project source
(
	cd target/project
	for i in {1..25}; do
		printf 'int f%d(void) { return %d; }\n' $i $i >f$i.c
	done
	printf 'int f1(void);\nint main(void) { return f1() - 1; }\n' >main.c
	printf 'prog: $(patsubst %%.c,%%.o,$(wildcard *.c))\n\t$(CC) -o $@ $^\n' >Makefile
	git init -q && git add . && git commit -qm first
) >/dev/null
cp -a target plain
hash=$(tree_hash target)
mount_view mode=cow source target

cat >work.sh <<'END'
set -e
git clone -q project clone
cd clone
make -s CC=gcc
./prog
git checkout -q -b side
for i in 1 2 3; do echo "/* $i */" >>f$i.c; done
git commit -qam side
git mv f4.c g4.c && git commit -qm moved
git checkout -q - && git merge -q side
make -s CC=gcc clean 2>/dev/null || rm -f *.o prog
git gc -q
cd ..
tar cf all.tar clone && mkdir out && tar xf all.tar -C out && rm -r clone/f1* all.tar
rsync -a --delete out/clone/ clone/
sed -i s/return/RETURN/ project/f7.c
END
ok "git, make, tar, rsync, sed" bash -c '(cd target && bash ../work.sh)'
ok "the same on a plain directory" bash -c '(cd plain && bash ../work.sh)'
ok "git finds its tree clean" eval '[ -z "$(git -C target/clone status --porcelain)" ]'
ok "git fsck" git -C target/clone fsck --strict
ok "the trees are equal" diff -r --no-dereference -x .git target plain
ok "sqlite3" eval 'sqlite3 target/db "pragma journal_mode=wal; create table t(x); insert into t select value from generate_series(1,20000);" >/dev/null'
is "reads what it wrote" "$(sqlite3 target/db 'select count(*), sum(x) from t; pragma integrity_check' | tr '\n' ' ')" \
	"20000|200010000 ok "
ok "python compiles and imports" eval 'mkdir target/py; echo "x = 5" >target/py/m.py; python3 -c "import sys; sys.path.insert(0, \"target/py\"); import m; assert m.x == 5"'
ok "unmounts" umount_view target
is "TARGET's hash is unchanged" "$(tree_hash target)" "$hash"
mount_view mode=cow source target
ok "and all is there again" diff -r --no-dereference -x .git -x db* -x py target plain
umount_view target
done_testing
