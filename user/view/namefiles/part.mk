# SPDX-License-Identifier: GPL-2.0-only
# The names of uname(2) as files, and the service that mounts them.
CFLAGS_user/view/namefiles = -I/usr/include/fuse3
$(eval $(call program,lib/vsquare/view/name-files,user/view/namefiles/main.c user/view/client/client.c \
	user/view/keeper/channel.c,-lfuse3 -ljansson))
$(eval $(call view_service,ummisc,user/view/services/ummisc.c,))
PROGRAMS += $(VIEW_DIR)/name-files $(VIEW_DIR)/services/ummisc.so
INSTALL_DATA += $(VIEW_DIR)/name-files:lib/vsquare/view $(VIEW_DIR)/services/ummisc.so:lib/vsquare/view/services
