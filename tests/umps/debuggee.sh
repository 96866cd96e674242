# A kernel to be debugged and its machine, in the directory $dir; source it after tap.sh. shellcheck shell=bash
GUEST_CFLAGS='-g -O0' tests/umps/guests/build.sh "$dir/debuggee" tests/umps/guests/debuggee.c >"$dir/build.log" 2>&1 ||
	sed 's/^/# /' "$dir/build.log"
cat >"$dir/machine.json" <<-END
	{
	    "num-processors": 2,
	    "tlb-floor-address": "0x80000000",
	    "boot": { "load-core-file": true, "core-file": "debuggee.core.umps" },
	    "symbol-table": { "file": "debuggee.stab.umps", "asid": 64 },
	    "devices": {
	        "terminal0": { "enabled": true, "file": "term0.umps" },
	        "printer0": { "enabled": true, "file": "printer0.umps" }
	    }
	}
END
