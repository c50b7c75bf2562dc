/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The runtime that pretends: containers "run" the moment they are started, and no operation blocks. One world
 * holds the runtimes of all fake nodes of a process.
 *
 * A container obeys the annotation coracle.dev/fake-exit: "CODE@SECONDS": it ends with CODE that long after
 * each start ("1@0.5"). A container that is asked to end by SIGTERM ends with 0, by any other signal with 128
 * + signal. A command that is run in one writes its own words; `exit N` ends with N, `hang` does not end. An
 * image whose registry is in the domain `.invalid` does not exist and cannot be pulled. Any thread.
 */
#ifndef RUNTIME_FAKE_H
#define RUNTIME_FAKE_H

#include "loop/loop.h"
#include "runtime/runtime.h"

#define FAKE_EXIT_ANNOTATION "coracle.dev/fake-exit"

struct fake_world;
/* Ends that were ordered are told from the loop, which is borrowed. */
struct fake_world *fake_world_new(struct loop *l);
/* After all its runtimes. */
void fake_world_free(struct fake_world *w); /* for tests */
/* cidr: an IPv4 /24 for the node's Pods ("10.100.3.0/24"); on_exit as in struct runtime_config. */
struct runtime *fake_new(struct fake_world *w, const char *cidr, runtime_exit_fn *on_exit, void *arg,
			 struct err *err) MUST_CHECK;

#endif
