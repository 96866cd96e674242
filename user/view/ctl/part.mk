# SPDX-License-Identifier: GPL-2.0-only
# viewctl, and the old commands' names for it.
VIEWCTL_NAMES := um_ls_service um_add_service um_del_service um_fsalias um_attach umshutdown viewname viewmount \
	viewumount viewsu viewsudo vuname vu_lsmod vu_insmod vu_rmmod vumount vuumount vusu

$(eval $(call program,bin/viewctl,$(wildcard user/view/ctl/*.c) $(VIEW_WISH) \
	user/view/client/ids.c,-ljansson -lblkid))

$(VIEWCTL_NAMES:%=$(BUILD)/bin/%): $(BUILD)/bin/viewctl
	ln -sf viewctl $@

PROGRAMS += $(BUILD)/bin/viewctl $(VIEWCTL_NAMES:%=$(BUILD)/bin/%)
INSTALL_BIN += $(BUILD)/bin/viewctl $(VIEWCTL_NAMES:%=$(BUILD)/bin/%)
INSTALL_MAN += user/view/man/viewctl.1
INSTALL_COMPLETION += user/view/completion/viewctl
$(eval $(call other_names,$(VIEWCTL_NAMES),viewctl))
