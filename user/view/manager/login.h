/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VIEW_LOGIN_H
#define VIEW_LOGIN_H

#include <stdbool.h>

/* Are these the arguments of a login shell? */
bool login_shell(int argc, char **argv);

/* Run what /etc/viewospasswd has for the user; returns the exit status only when there is nothing.
 */
int login_run(void);

#endif
