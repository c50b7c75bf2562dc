/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/overuse.h"

#include <stdlib.h>
#include <string.h>

#include "count/count.h"
#include "object/quantity.h"

#define EVERY_NS (10 * NS_PER_S)
#define SHARE 10 /* of the time, one part is spent on counting */

/* ---- what a Pod may use ---- */

static int64_t limit_of(const struct container_spec *c)
{
	return c->resources.storage_limit > 0 ? c->resources.storage_limit : 0;
}

static bool is_app(const struct pod *p, size_t i)
{
	return i >= p->list.n_init && i < p->list.n - p->list.n_ephemeral;
}

/* Of all containers together: the apps and sidecars, or the largest of the other init containers. 0 = none. */
static int64_t limit_of_pod(const struct pod *p)
{
	int64_t sum = 0, most = 0;
	for (size_t i = 0; i < p->list.n - p->list.n_ephemeral; i++) {
		int64_t l = limit_of(&p->list.v[i]);
		if (is_app(p, i) || p->list.v[i].restart == RESTART_ALWAYS)
			sum += l;
		else if (l > most)
			most = l;
	}
	return sum > most ? sum : most;
}

static bool has_limit(const struct worker *w)
{
	const struct pod *p = worker_pod(w);
	const struct machine *m = worker_machine(w);
	return m->stage < POD_STOPPING && !m->settled &&
	       (limit_of_pod(p) || (p->volumes && strstr(p->volumes, "\"sizeLimit\"")));
}

/* ---- what it uses ---- */

static void format(int64_t v, char out[QUANTITY_TEXT_MAX])
{
	const struct quantity q = {.nano = (__int128)v * 1000000000, .format = QUANTITY_BINARY_SI};
	quantity_format(&q, out);
}

static const struct census_volume *volume_of(const struct census_pod *used, const char *name)
{
	for (size_t i = 0; i < used->n_volumes; i++)
		if (!strcmp(used->volumes[i].name, name))
			return &used->volumes[i];
	return NULL;
}

static bool judge_volumes(const struct pod *pod, const struct census_pod *used, struct buf *why)
{
	autojson js *volumes = pod_field(pod->volumes);
	for (size_t i = 0; i < js_len(volumes); i++) {
		const js *v = js_at(volumes, i);
		const char *name = js_str0(v, "name", NULL),
			   *text = js_str0(v, "emptyDir", "sizeLimit", NULL);
		const struct census_volume *is = *text ? volume_of(used, name) : NULL;
		struct err ignored = ERR_INIT;
		struct quantity limit;
		char shown[QUANTITY_TEXT_MAX];
		if (!is || quantity_parse(text, &limit, &ignored) < 0 || limit.nano <= 0 ||
		    is->used.bytes <= quantity_value(&limit))
			continue;
		quantity_format(&limit, shown);
		buf_addf(why, "Usage of EmptyDir volume \"%s\" exceeds the limit \"%s\". ", name, shown);
		return true;
	}
	return false;
}

static bool judge_pod(const struct pod *pod, const struct census_pod *used, struct buf *why)
{
	int64_t limit = limit_of_pod(pod), sum = used->hosts.bytes;
	char shown[QUANTITY_TEXT_MAX];
	for (size_t i = 0; i < used->n; i++)
		sum += used->containers[i].rootfs.bytes + used->containers[i].logs.bytes;
	for (size_t i = 0; i < used->n_volumes; i++)
		if (used->volumes[i].local)
			sum += used->volumes[i].used.bytes;
	if (!limit || sum <= limit)
		return false;
	format(limit, shown);
	buf_addf(why, "Pod ephemeral local storage usage exceeds the total limit of containers %s. ", shown);
	return true;
}

static bool judge_containers(const struct pod *pod, const struct census_pod *used, struct buf *why)
{
	for (size_t i = 0; i < used->n; i++) {
		const struct census_container *c = &used->containers[i];
		int at = pod_container_index(pod, c->name);
		int64_t limit = at >= 0 && is_app(pod, (size_t)at) ? limit_of(&pod->list.v[at]) : 0;
		char shown[QUANTITY_TEXT_MAX];
		if (!limit || c->rootfs.bytes + c->logs.bytes <= limit)
			continue;
		format(limit, shown);
		buf_addf(why, "Container %s exceeded its local ephemeral storage limit \"%s\". ", c->name,
			 shown);
		return true;
	}
	return false;
}

const char *overuse_judge(const struct pod *pod, const struct census_pod *used, struct buf *why)
{
	static const struct {
		bool (*judge)(const struct pod *pod, const struct census_pod *used, struct buf *why);
		const char *signal;
	} rows[] = {{judge_volumes, "emptydirfs.limit"},
		    {judge_pod, "ephemeralpodfs.limit"},
		    {judge_containers, "ephemeralcontainerfs.limit"}};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].judge(pod, used, why))
			return rows[i].signal;
	return NULL;
}

/* ---- looking ---- */

struct overuse_job {
	struct overuse *o;
	struct census *c;
};

static void work(void *arg)
{
	census_measure(((struct overuse_job *)arg)->c);
}

static void done(void *arg)
{
	struct overuse_job *j = arg;
	struct overuse *o = j->o;
	int64_t now = clock_mono_ns(), rest = SHARE * (now - o->began_ns);
	o->busy = false;
	o->next_ns = now + (rest > EVERY_NS ? rest : EVERY_NS);
	for (size_t i = 0; i < j->c->n; i++) {
		struct worker *w = map_get(&o->node->host.workers, j->c->pods[i].uid);
		autobuf struct buf why = BUF_INIT;
		const char *signal = w && has_limit(w) && !admit_is_critical(worker_pod(w))
					     ? overuse_judge(worker_pod(w), &j->c->pods[i], &why)
					     : NULL;
		if (!signal)
			continue;
		o->end(o->arg, w, buf_str(&why));
		count_tell(COUNT_EVICTIONS, signal, NULL, 1);
	}
	census_free(j->c);
	free(j);
}

void overuse_look(struct overuse *o)
{
	struct census_memory fresh = {0};
	if (o->busy || clock_mono_ns() < o->next_ns)
		return;
	struct census *c = census_begin(&fresh, o->node, "/proc", true, has_limit);
	if (!c->n) {
		census_free(c);
		return;
	}
	struct overuse_job *j = MEM_NEW(struct overuse_job);
	*j = (struct overuse_job){o, c};
	o->busy = true;
	o->began_ns = clock_mono_ns();
	loop_job(o->node->host.loop, LANE_DISK, work, done, j);
}
