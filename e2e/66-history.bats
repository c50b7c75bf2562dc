#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The history checker of the chaos runs is itself checked: a server that lies is caught, one that does not is left alone.

setup() { . "$ROOT/e2e/lib.bash"; }

@test "the history finds every lie" { "$ROOT/e2e/chaos/history-test" "$DIR"; }
