#!/bin/bash
# In a guest whose /lib/modules holds what dkms installed (see dkms.sh): who opens the node loads the
# module; udev's rule is what makes that everyone's.
. tests/lib/tap.sh

loaded() { lsmod | grep -q '^kmview '; }
as_user() { setpriv --reuid=1000 --regid=1000 --clear-groups "$@"; }
opens() { as_user bash -c 'exec 3<>/dev/kmview'; }
mode() { stat -c %a /dev/kmview; }

ok "the module is not loaded" eval '! loaded'

# udev finds the static node as a booting system makes it: for root alone.
mkdir -p /run/udev/rules.d
cp kmod/70-vsquare.rules /run/udev/rules.d/
chmod 600 /dev/kmview
ok "an ordinary user cannot open the node before udev runs" eval '! opens 2>/dev/null'
/lib/systemd/systemd-udevd --daemon
at_exit 'udevadm control --exit'
ok "udev opens the static node to all" until_true 30 eval '[ "$(mode)" = 666 ]'
ok "an ordinary user opens the node" opens
ok "that loaded the module" loaded
ok "the module unloads" rmmod kmview
ok "modprobe loads it" modprobe kmview
udevadm settle --timeout=30
is "udev leaves the node open to all" "$(mode)" 666
like "the log names the module and its ABI" "$(dmesg | grep '^.*kmview: ABI')" 'kmview: ABI [0-9]+\.[0-9]+'
ok "it unloads again" modprobe -r kmview
done_testing
