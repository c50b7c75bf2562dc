/* SPDX-License-Identifier: Apache-2.0 */
#include "pod/hooks.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "pod/probes.h"
#include "pod/worker.h"

struct hook {
	struct list link; /* in worker.hooks */
	struct worker *w;
	int i;
	enum hook_kind kind;
	char id[RUNTIME_ID_MAX]; /* of the run */
	struct probe_run *run;	 /* exec, httpGet */
	struct loop_timer timer; /* sleep, and what ends at once */
	bool ended;		 /* its container has: a command in it does, too */
	bool again;		 /* HTTPS was answered with HTTP: asked once more so */
	struct err err;		 /* of what ends at once */
};

static const struct handler_spec *handler_of(const struct hook *h)
{
	return &h->w->pod->list.v[h->i].hook[h->kind]->handler;
}

static void hook_free(struct hook *h)
{
	list_del(&h->link);
	loop_timer_set(h->w->host->loop, &h->timer, CLOCK_NEVER);
	if (h->run)
		probe_cancel(STEAL(h->run));
	free(h);
}

/* what NULL: it has succeeded. */
static void end(struct hook *h, const char *what)
{
	struct worker *w = h->w;
	int i = h->i;
	enum hook_kind kind = h->kind;
	const struct meta *m = &w->pod->o.meta;
	autofree char *message = mem_strdup(what);
	if (message)
		log_warning(message, "pod=%s/%s container=%s hook=%s", m->namespace, m->name,
			    w->pod->list.v[i].name, kind == HOOK_POST_START ? "postStart" : "preStop");
	hook_free(h);
	machine_hook_done(&w->m, i, kind, !message, message, worker_now());
	worker_kick(w);
}

/* ---- words ---- */

static void add_pod(struct buf *b, const struct hook *h)
{
	const struct meta *m = &h->w->pod->o.meta;
	buf_addf(b,
		 " for Container \"%s\" in Pod \"%s_%s(%s)\" failed - error: ", h->w->pod->list.v[h->i].name,
		 m->name, m->namespace, m->uid);
}

/* (handlers.go Run) */
static void end_exec(struct hook *h, const struct probe_answer *a)
{
	autobuf struct buf b = BUF_INIT;
	const char *const *argv = handler_of(h)->command;
	if (a->verdict == PROBE_PASSED) {
		end(h, NULL);
		return;
	}
	buf_adds(&b, "Exec lifecycle hook ([");
	for (size_t i = 0; argv && argv[i]; i++)
		buf_addf(&b, "%s%s", i ? " " : "", argv[i]);
	buf_adds(&b, "])");
	add_pod(&b, h);
	if (a->verdict == PROBE_ERRORED) {
		buf_addf(&b, "%s, message: \"\"", a->text);
	} else {
		buf_adds(&b, "command '");
		for (size_t i = 0; argv && argv[i]; i++)
			buf_addf(&b, "%s%s", i ? " " : "", argv[i]);
		buf_addf(&b, "' exited with %d: , message: ", a->exit_code);
		buf_add_json_string(&b, a->text, strlen(a->text));
	}
	end(h, buf_str(&b));
}

static void end_http(struct hook *h, const char *error)
{
	autobuf struct buf b = BUF_INIT;
	buf_addf(&b, "HTTP lifecycle hook (%s)", handler_of(h)->path);
	add_pod(&b, h);
	buf_adds(&b, error);
	end(h, buf_str(&b));
}

/* ---- running ---- */

static void start(struct hook *h);

/* Any answer will do. */
static void answered(struct hook *h, const struct probe_answer *a)
{
	if (a->replied && h->again) {
		autofree char *text = mem_printf(
			"request to HTTPS lifecycle hook %s got HTTP response, retry with HTTP succeeded",
			a->asked);
		worker_record(h->w, -1, true, "LifecycleHTTPFallback", text);
	}
	if (a->replied) {
		end(h, NULL);
	} else if (a->spoke_http && !h->again) {
		h->again = true;
		start(h);
	} else {
		end_http(h, a->text);
	}
}

static void on_answer(void *arg, const struct probe_answer *a)
{
	struct hook *h = arg;
	h->run = NULL;
	if (handler_of(h)->type == HANDLER_EXEC)
		end_exec(h, a);
	else
		answered(h, a);
}

static void on_timer(void *arg)
{
	struct hook *h = arg;
	if (h->err.reason == REASON_NONE)
		end(h, NULL);
	else if (handler_of(h)->type == HANDLER_HTTP_GET)
		end_http(h, h->err.msg);
	else
		end(h, h->err.msg);
}

static void start(struct hook *h)
{
	const struct handler_spec *s = handler_of(h);
	autoarena struct arena a = ARENA_INIT;
	struct probe_request rq;
	int64_t end_ns = clock_mono_ns();
	/* A host without one pretends. */
	if (!h->w->host->prober)
		;
	else if (s->type == HANDLER_SLEEP)
		end_ns += s->sleep_s * NS_PER_S;
	else if (s->type != HANDLER_EXEC && s->type != HANDLER_HTTP_GET)
		(void)err_set(&h->err, REASON_INVALID, "Cannot run handler: invalid handler");
	else if (probes_request(&a, h->w, h->i, s, "lifecycle", &rq, &h->err) == 0) {
		rq.https = rq.https && !h->again;
		rq.without = h->again ? "Authorization" : NULL;
		h->run = probe_start(h->w->host->prober, &rq, on_answer, h);
		return;
	}
	/* Not from here: whoever started it is in the middle of a step. */
	loop_timer_set(h->w->host->loop, &h->timer, end_ns);
}

void hooks_run(struct worker *w, int container, enum hook_kind kind)
{
	struct hook *h = MEM_NEW(struct hook);
	*h = (struct hook){.w = w, .i = container, .kind = kind, .timer = {.fn = on_timer, .arg = h}};
	snprintf(h->id, sizeof(h->id), "%s", w->m.c[container].cur.id);
	list_push_back(&w->hooks, &h->link);
	start(h);
}

/* A command ends with its container, and says how: it may have been the one that ended it. One that says nothing, as it may
   have got out of the container's namespaces, has failed. */
#define LAST_WORDS_NS NS_PER_S

static bool may_answer(struct hook *h)
{
	if (!h->run || handler_of(h)->type != HANDLER_EXEC)
		return false;
	if (!h->ended) {
		h->ended = true;
		(void)err_set(&h->err, REASON_NOT_FOUND, "container not running (%s)", h->id);
		loop_timer_set(h->w->host->loop, &h->timer, clock_mono_ns() + LAST_WORDS_NS);
	}
	return true;
}

void hooks_follow(struct worker *w, struct instant now)
{
	list_for_each_safe (n, &w->hooks) {
		struct hook *h = list_entry(n, struct hook, link);
		const struct container *c = &w->m.c[h->i];
		if (c->state == CTR_RUNNING && c->cur.id && !strcmp(c->cur.id, h->id))
			continue;
		if (may_answer(h))
			continue;
		int i = h->i;
		enum hook_kind kind = h->kind;
		hook_free(h);
		machine_hook_done(&w->m, i, kind, true, NULL, now);
	}
}

void hooks_free(struct worker *w)
{
	list_for_each_safe (n, &w->hooks)
		hook_free(list_entry(n, struct hook, link));
}
