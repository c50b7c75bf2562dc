/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For the tests of probes and hooks: a worker whose one container runs, on a loop that the test turns itself, under a clock
 * that stands still, with a runtime that answers commands as the test says.
 */
#ifndef POD_SCENE_TEST_H
#define POD_SCENE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "object/json_test.h"
#include "os/tree.h"
#include "pod/hooks.h"
#include "pod/make_test.h"
#include "pod/worker.h"

#define SCENE __attribute__((unused))
#define SCENE_T0 (INT64_C(1767225600) * NS_PER_S)

struct scene {
	struct runtime rt; /* first */
	struct loop *loop;
	struct pod_host host;
	struct worker *w;
	struct pod *pod;
	int code;	   /* of the next commands; < 0: cannot be started */
	int *held;	   /* gets the next command's other end: it goes on; NULL = it ends at once */
	int asked;	   /* commands so far */
	char command[256]; /* the last one */
	char root[32];
};

SCENE static int scene_exec(struct runtime *rt, const char *id, const struct runtime_exec_spec *spec,
			    struct runtime_stream *ret, struct err *err)
{
	struct scene *s = (struct scene *)rt;
	autobuf struct buf b = BUF_INIT;
	struct { /* as the runtimes tell it */
		int kind, value;
	} r = {3, s->code};
	int ends[2];
	s->asked++;
	for (size_t i = 0; spec->argv[i]; i++)
		buf_addf(&b, "%s%s", i ? " " : "", spec->argv[i]);
	snprintf(s->command, sizeof(s->command), "%s", buf_str(&b));
	if (s->code < 0)
		return err_set(err, REASON_INVALID, "cannot be started");
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	if (s->held) {
		*s->held = ends[1];
	} else {
		assert_int_equal(send(ends[1], &r, sizeof(r), 0), sizeof(r));
		close(ends[1]);
	}
	runtime_stream_init(ret);
	ret->status = ends[0];
	return 0;
}

SCENE static int scene_signal(struct runtime *rt, const char *id, int sig, struct err *err)
{
	return 0;
}

SCENE static int scene_image(struct runtime *rt, const char *ref, struct runtime_image *ret, struct err *err)
{
	return err_set(err, REASON_NOT_FOUND, "no such image");
}

/* Until nothing is ready any more. */
SCENE static void scene_turn(struct scene *s)
{
	for (int i = 0; i < 12; i++) {
		loop_wake(s->loop); /* for its timers: nobody told it that the clock has moved */
		loop_turn(s->loop, clock_mono_ns());
	}
}

SCENE static void scene_advance(struct scene *s, double seconds)
{
	for (; seconds > 0; seconds -= 0.5) {
		clock_advance((int64_t)((seconds < 0.5 ? seconds : 0.5) * (double)NS_PER_S));
		scene_turn(s);
	}
}

SCENE static void scene_kick(struct scene *s)
{
	worker_kick(s->w);
	scene_turn(s);
}

SCENE static struct pod *scene_pod(const char *meta, const char *fields)
{
	autofree char *text = mem_printf(
		JSON("{'metadata':{'name':'p','namespace':'ns','uid':'u1'%s},'spec':{'containers':[{'name':'a',"
		     "'image':'i:1','env':[{'name':'A','value':'x'}],'ports':[{'name':'web','containerPort':93}],"
		     "%s}]}}"),
		meta, fields);
	struct pod *p = make_pod(text);
	p->o.refs = 1;
	p->o.type = &pod_type;
	return p;
}

/* The container's next run begins. */
SCENE static void scene_run(struct scene *s, const char *id)
{
	struct container *c = &s->w->m.c[0];
	free(c->cur.id);
	c->cur.id = mem_strdup(id);
	c->cur.started_ns = clock_wall_ns();
	c->cur.finished_ns = 0;
	c->state = CTR_RUNNING;
	memset(c->probed, 0, sizeof(c->probed));
	memset(c->hooking, 0, sizeof(c->hooking));
	c->stop = STOP_NONE;
	scene_kick(s);
}

SCENE static void scene_begin_idle(struct scene *s, const char *fields)
{
	static const struct runtime_ops ops = {.name = "test",
					       .exec = scene_exec,
					       .container_signal = scene_signal,
					       .image_get = scene_image};
	clock_fake(SCENE_T0);
	*s = (struct scene){.rt = {&ops},
			    .loop = loop_new(&(struct loop_config){worker_lanes, LANES, true}),
			    .root = "/tmp/scene-XXXXXX"};
	assert_non_null(mkdtemp(s->root));
	s->host = (struct pod_host){.loop = s->loop, .rt = &s->rt, .root = s->root, .host_ip = "127.0.0.1"};
	s->host.prober = probe_host_new(s->loop, &s->rt, LANE_EXEC, LANE_NAME);
	s->pod = scene_pod("", fields);
	s->w = MEM_NEW(struct worker);
	*s->w = (struct worker){.host = &s->host, .pod = s->pod, .c = mem_array(1, sizeof(*s->w->c))};
	list_init(&s->w->waiters);
	list_init(&s->w->hooks);
	machine_init(&s->w->m, s->pod, worker_now());
	s->w->m.stage = POD_ACTIVE;
	s->w->m.sandbox_up = s->w->m.volumes_up = true;
	s->w->m.settled = true; /* nobody is told */
}

SCENE static void scene_begin(struct scene *s, const char *fields)
{
	scene_begin_idle(s, fields);
	scene_run(s, "run1");
}

SCENE static void scene_delete(struct scene *s)
{
	struct pod *p =
		scene_pod(JSON(",'deletionTimestamp':'2026-01-01T00:00:30Z','deletionGracePeriodSeconds':30"),
			  "\"tty\":false");
	p->list.v[0] = s->pod->list.v[0];
	machine_update(&s->w->m, p, worker_now());
	s->w->pod = p;
	scene_kick(s);
}

SCENE static void scene_end(struct scene *s)
{
	hooks_free(s->w);
	probes_free(s->w->probes);
	scene_turn(s);
	assert_int_equal(s->w->under_way, 0);
	loop_timer_set(s->loop, &s->w->timer, CLOCK_NEVER);
	probe_host_free(s->host.prober);
	machine_release(&s->w->m);
	if (s->w->pod != s->pod)
		free((struct pod *)s->w->pod);
	free(s->pod);
	free(s->w->c);
	free(s->w);
	loop_free(s->loop);
	struct err err = ERR_INIT;
	assert_int_equal(tree_remove(s->root, &err), 0);
	clock_real();
}

#endif
