/* SPDX-License-Identifier: Apache-2.0 */
#include "pod/probes.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/rand.h"
#include "pod/env.h"
#include "pod/worker.h"

#define ATTEMPTS 3 /* when it is an error */

struct prober {
	struct probes *all;
	int i;
	enum probe_kind kind;
	struct loop_timer timer;
	int64_t next_ns;  /* the next tick */
	int64_t asked_ns; /* first, since then */
	struct probe_run *run;
	bool missed; /* a tick came while it was asking */
	bool over;   /* asks no more in this run of the container */
	int attempts;
	enum probe_result last; /* and how often in a row */
	int64_t times;
	enum probe_result told;
};

struct probes {
	struct worker *w;
	size_t n;
	struct probed {
		char id[RUNTIME_ID_MAX]; /* of the run; "" = none */
		int64_t began_ns;	 /* monotonic */
		bool started;		 /* no startup probe, or it has succeeded */
		struct prober *v[PROBE_KINDS];
		struct probe_tally *tally[PROBE_KINDS]; /* of all runs; NULL = none was answered */
	} * c;
};

static const char *const kind_names[] = {
	[PROBE_STARTUP] = "Startup", [PROBE_LIVENESS] = "Liveness", [PROBE_READINESS] = "Readiness"};

static const struct probe_spec *spec_of(const struct prober *p)
{
	return p->all->w->pod->list.v[p->i].probe[p->kind];
}

static struct probed *container_of(const struct prober *p)
{
	return &p->all->c[p->i];
}

/* ---- what to ask ---- */

/* (pkg/probe/util.go ResolveContainerPort) */
static int resolve_port(const struct port_ref *ref, const struct container_spec *c, int *ret, struct err *err)
{
	long port = ref->number;
	if (*ref->name) {
		char *end;
		port = strtol(ref->name, &end, 10);
		bool number = !*end;
		for (size_t i = 0; i < c->n_ports; i++)
			if (!strcmp(c->ports[i].name, ref->name)) {
				port = c->ports[i].container_port;
				number = true;
			}
		if (!number)
			return err_set(err, REASON_INVALID, "strconv.Atoi: parsing \"%.64s\": invalid syntax",
				       ref->name);
	}
	if (port <= 0 || port > 65535)
		return err_set(err, REASON_INVALID, "invalid port number: %ld", port);
	*ret = (int)port;
	return 0;
}

static const char *variable(void *arg, const char *name)
{
	const struct container_spec *c = arg;
	for (size_t i = c->n_env; i > 0; i--)
		if (!strcmp(c->env[i - 1].name, name))
			return c->env[i - 1].value; /* "" of what is not written in the Pod itself */
	return NULL;
}

/* A probe's command, unlike a hook's, may refer to the variables of the container. */
static const char *const *expanded(struct arena *a, const struct container_spec *c, const char *const *argv)
{
	size_t n = 0;
	while (argv && argv[n])
		n++;
	const char **out = arena_array(a, n + 1, sizeof(*out));
	for (size_t i = 0; i < n; i++) {
		autobuf struct buf b = BUF_INIT_MAX(ENV_MAX_BYTES);
		env_expand(&b, argv[i], variable, (void *)c);
		out[i] = arena_strdup(a, buf_str(&b));
	}
	return out;
}

int probes_request(struct arena *a, const struct worker *w, int i, const struct handler_spec *h,
		   const char *purpose, struct probe_request *ret, struct err *err)
{
	static const enum probe_type types[] = {[HANDLER_EXEC] = PROBE_EXEC,
						[HANDLER_HTTP_GET] = PROBE_HTTP,
						[HANDLER_TCP_SOCKET] = PROBE_TCP,
						[HANDLER_GRPC] = PROBE_GRPC};
	const struct container_spec *c = &w->pod->list.v[i];
	const char *ip = *w->m.ips[0] ? w->m.ips[0] : w->host->host_ip;
	struct probe_header *headers = arena_array(a, h->n_headers, sizeof(*headers));
	for (size_t k = 0; k < h->n_headers; k++)
		headers[k] = (struct probe_header){h->headers[k].name, h->headers[k].value};
	*ret = (struct probe_request){.type = types[h->type],
				      .container = w->m.c[i].cur.id,
				      .argv = h->command,
				      .host = *h->host ? h->host : ip,
				      .path = h->path,
				      .https = h->https,
				      .headers = headers,
				      .n_headers = h->n_headers,
				      .purpose = purpose,
				      .service = h->service};
	if (h->type == HANDLER_EXEC)
		return 0;
	return resolve_port(&h->port, c, &ret->port, err);
}

/* ---- asking ---- */

static void ask(struct prober *p);
static void on_answer(void *arg, const struct probe_answer *a);

static void stop(struct prober *p)
{
	p->over = true;
	loop_timer_set(p->all->w->host->loop, &p->timer, CLOCK_NEVER);
	if (p->run)
		probe_cancel(STEAL(p->run));
}

static void tell(struct prober *p, enum probe_result r)
{
	struct worker *w = p->all->w;
	if (p->told == r)
		return;
	p->told = r;
	machine_probed(&w->m, p->i, p->kind, r, worker_now());
}

static void record(struct prober *p, const char *reason, const char *what, const char *text)
{
	autobuf struct buf b = BUF_INIT;
	buf_addf(&b, "%s probe %s: ", kind_names[p->kind], what);
	buf_adds(&b, text);
	worker_record(p->all->w, p->i, true, reason, buf_str(&b));
}

static void tick_at(struct prober *p, int64_t at_ns)
{
	p->next_ns = at_ns;
	loop_timer_set(p->all->w->host->loop, &p->timer, at_ns);
}

/* The container is started as far as probes are concerned: the others may ask. */
static void started(struct prober *p)
{
	struct probed *c = container_of(p);
	struct prober *ready = c->v[PROBE_READINESS];
	c->started = true;
	if (ready && !ready->over)
		tick_at(ready, clock_mono_ns());
}

static bool in_time(const struct prober *p, int64_t now_ns)
{
	const struct probed *c = container_of(p);
	if ((now_ns - c->began_ns) / NS_PER_S < spec_of(p)->initial_delay_s)
		return false;
	return p->kind == PROBE_STARTUP || c->started;
}

static void on_tick(void *arg)
{
	struct prober *p = arg;
	int64_t period = spec_of(p)->period_s * NS_PER_S, now = clock_mono_ns();
	/* Ticks that nobody had time for are not made up for. */
	tick_at(p, p->next_ns + (now > p->next_ns ? (now - p->next_ns) / period + 1 : 1) * period);
	if (p->run) {
		p->missed = true;
		return;
	}
	p->attempts = 0;
	p->asked_ns = now;
	if (in_time(p, now))
		ask(p);
}

static void ask(struct prober *p)
{
	struct worker *w = p->all->w;
	const struct probe_spec *spec = spec_of(p);
	autoarena struct arena a = ARENA_INIT;
	struct probe_request rq;
	struct err err = ERR_INIT;
	if (probes_request(&a, w, p->i, &spec->handler, "probe", &rq, &err) < 0) {
		record(p, "Unhealthy", "errored and resulted in unknown state", err.msg);
		return;
	}
	if (rq.type == PROBE_EXEC)
		rq.argv = expanded(&a, &w->pod->list.v[p->i], rq.argv);
	rq.timeout_ns = spec->timeout_s * NS_PER_S;
	p->run = probe_start(w->host->prober, &rq, on_answer, p);
}

/* ---- what counts ---- */

/* So many in a row are a result. */
static void count(struct prober *p, enum probe_result r)
{
	const struct probe_spec *spec = spec_of(p);
	p->times = p->last == r ? p->times + 1 : 1;
	p->last = r;
	if (p->times < (r == PROBE_SUCCESS ? spec->success_threshold : spec->failure_threshold))
		return;
	if (p->kind == PROBE_STARTUP || (p->kind == PROBE_LIVENESS && r == PROBE_FAILURE))
		stop(p);
	if (p->kind == PROBE_STARTUP && r == PROBE_SUCCESS)
		started(p);
	tell(p, r);
}

static void add_up(struct prober *p, bool passed)
{
	struct probe_tally **t = &container_of(p)->tally[p->kind];
	if (!*t)
		*t = MEM_NEW(struct probe_tally);
	tally_count(*t, passed, (double)(clock_mono_ns() - p->asked_ns) / (double)NS_PER_S);
}

static void judge(struct prober *p, const struct probe_answer *a)
{
	static const enum probe_result results[] = {[PROBE_PASSED] = PROBE_SUCCESS,
						    [PROBE_WARNED] = PROBE_SUCCESS,
						    [PROBE_FAILED] = PROBE_FAILURE};
	if (a->verdict == PROBE_ERRORED) {
		autofree char *what = mem_printf("errored and resulted in %s state", a->state);
		record(p, "Unhealthy", what, a->text);
		return;
	}
	add_up(p, a->verdict != PROBE_FAILED);
	if (a->verdict == PROBE_WARNED)
		record(p, "ProbeWarning", "warning", a->text);
	if (a->verdict == PROBE_FAILED)
		record(p, "Unhealthy", "failed", a->text);
	count(p, results[a->verdict]);
}

static void on_answer(void *arg, const struct probe_answer *a)
{
	struct prober *p = arg;
	struct worker *w = p->all->w;
	enum probe_result told = p->told;
	p->run = NULL;
	if (a->verdict == PROBE_ERRORED && ++p->attempts < ATTEMPTS) {
		ask(p);
		return;
	}
	judge(p, a);
	if (p->missed && !p->over) {
		p->missed = false;
		p->attempts = 0;
		p->asked_ns = clock_mono_ns();
		ask(p);
	}
	if (p->told != told)
		worker_kick(w); /* may free all this */
}

/* ---- following the machine ---- */

static struct prober *prober_new(struct probes *all, int i, enum probe_kind kind, struct instant now)
{
	struct prober *p = MEM_NEW(struct prober);
	struct worker *w = all->w;
	int64_t first = now.mono_ns, period = w->pod->list.v[i].probe[kind]->period_s * NS_PER_S;
	*p = (struct prober){.all = all, .i = i, .kind = kind, .timer = {.fn = on_tick, .arg = p}};
	if (w->m.c[i].cur.started_ns < w->host->began_wall_ns &&
	    now.wall_ns - w->host->began_wall_ns < period)
		first += (int64_t)(rand_double() * (double)period);
	tick_at(p, first);
	return p;
}

static void forget(struct probed *c)
{
	for (int k = 0; k < PROBE_KINDS; k++) {
		if (!c->v[k])
			continue;
		stop(c->v[k]);
		free(STEAL(c->v[k]));
	}
	*c->id = '\0';
}

static void begin(struct probes *all, int i, struct instant now)
{
	const struct container_spec *spec = &all->w->pod->list.v[i];
	const struct container_run *run = &all->w->m.c[i].cur;
	struct probed *c = &all->c[i];
	int64_t age = now.wall_ns - run->started_ns;
	snprintf(c->id, sizeof(c->id), "%s", run->id);
	/* From here on the clock that does not jump. */
	c->began_ns = now.mono_ns - (age > 0 ? age : 0);
	/* What an earlier agent has seen started is not asked again. */
	c->started = !spec->probe[PROBE_STARTUP] || all->w->m.c[i].probed[PROBE_STARTUP] == PROBE_SUCCESS;
	for (int k = 0; k < PROBE_KINDS; k++)
		if (spec->probe[k] && !(k == PROBE_STARTUP && c->started))
			c->v[k] = prober_new(all, i, (enum probe_kind)k, now);
}

/* A Pod that ends is not restarted, so nobody asks whether it should be; what has yet to start counts as started. */
static void calm(struct probed *c)
{
	struct prober *start = c->v[PROBE_STARTUP], *live = c->v[PROBE_LIVENESS];
	if (live && !live->over)
		stop(live);
	if (!start || start->over)
		return;
	stop(start);
	started(start);
	tell(start, PROBE_SUCCESS);
}

static bool to_be_probed(const struct machine *m, int i)
{
	const struct container *c = &m->c[i];
	return c->state == CTR_RUNNING && c->cur.id && !c->hooking[HOOK_POST_START];
}

static bool has_probe(const struct pod *p, size_t i)
{
	const struct container_spec *c = &p->list.v[i];
	if (c->ephemeral || (c->init && !c->sidecar))
		return false;
	return c->probe[PROBE_STARTUP] || c->probe[PROBE_LIVENESS] || c->probe[PROBE_READINESS];
}

static void pretend(struct worker *w, int i, struct instant now)
{
	struct machine *m = &w->m;
	for (int k = 0; to_be_probed(m, i) && k < PROBE_KINDS; k++)
		if (w->pod->list.v[i].probe[k] && m->c[i].probed[k] != PROBE_SUCCESS)
			machine_probed(m, i, (enum probe_kind)k, PROBE_SUCCESS, now);
}

static struct probes *made(struct worker *w)
{
	if (!w->probes) {
		w->probes = MEM_NEW(struct probes);
		w->probes->w = w;
		w->probes->n = w->pod->list.n - w->pod->list.n_ephemeral;
		w->probes->c = mem_array(w->probes->n, sizeof(*w->probes->c));
	}
	return w->probes;
}

static void follow(struct worker *w, int i, struct instant now)
{
	const struct machine *m = &w->m;
	bool runs = to_be_probed(m, i);
	struct probed *c = w->probes ? &w->probes->c[i] : NULL;
	if (c && *c->id && (!runs || strcmp(c->id, m->c[i].cur.id) != 0))
		forget(c);
	if (runs && !(c && *c->id))
		begin(made(w), i, now);
	if (w->probes && *w->probes->c[i].id && (m->deleting || m->stage >= POD_STOPPING))
		calm(&w->probes->c[i]);
}

void probes_follow(struct worker *w, struct instant now)
{
	size_t n = w->pod->list.n - w->pod->list.n_ephemeral;
	for (size_t i = 0; i < n; i++) {
		if (!has_probe(w->pod, i))
			continue;
		if (w->host->prober)
			follow(w, (int)i, now);
		else
			pretend(w, (int)i, now);
	}
}

void probes_write(const struct worker *w, enum tally_family f, struct buf *out)
{
	const struct probes *p = w->probes;
	for (size_t i = 0; p && i < p->n; i++)
		for (int k = 0; k < PROBE_KINDS; k++) {
			const struct tally_labels l = {.container = w->pod->list.v[i].name,
						       .namespace = w->pod->o.meta.namespace,
						       .pod = w->pod->o.meta.name,
						       .uid = w->pod->o.meta.uid,
						       .type = kind_names[k]};
			if (p->c[i].tally[k])
				tally_write(out, f, p->c[i].tally[k], &l);
		}
}

void probes_free(struct probes *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->n; i++) {
		forget(&p->c[i]);
		for (int k = 0; k < PROBE_KINDS; k++)
			free(p->c[i].tally[k]);
	}
	free(p->c);
	free(p);
}
