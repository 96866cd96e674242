#!/bin/bash
# Inside a guest with the module loaded: all tests of the device, then of the tracer.
set -u
cd "$(dirname "$0")/../.." || exit 2
build/tests/kmview/device
device=$?
tests/kmview/tracer.sh
tracer=$?
[ $device -eq 0 ] && [ $tracer -eq 0 ]
