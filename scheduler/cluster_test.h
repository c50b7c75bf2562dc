/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests of plugins: a cluster in a few words, and what one plugin says of each of its nodes.
 *
 *	nodes	"a zone=1 rack=2; b zone=1"	name and labels
 *	pods	"a foo bar=1; b foo @ns !"	node and labels; @namespace (d without), ! is being deleted, ^5 priority, ~9 startTime
 *						(second), $100 millicores, %name
 */
#ifndef CLUSTER_TEST_H
#define CLUSTER_TEST_H

#include <stdio.h>
#include <stdlib.h>
#include "cache.h"
#include "cycle.h"
#include "lookup.h"
#include "make_test.h"

struct cluster {
	struct sched_cache cache;
	struct snapshot snapshot;
	struct lookup *lookup;
	struct cycle cycle;
	char names[64][32];
	size_t n_names, n_pods;
};

static inline void cluster_init(struct cluster *u, const struct framework *f)
{
	*u = (struct cluster){.lookup = lookup_new(NULL)};
	cache_init(&u->cache);
	snapshot_init(&u->snapshot);
	u->snapshot.lookup = u->lookup;
	cycle_init(&u->cycle, f);
}

static inline void cluster_release(struct cluster *u)
{
	cycle_release(&u->cycle);
	snapshot_release(&u->snapshot);
	cache_release(&u->cache);
	lookup_free(u->lookup);
}

static inline void cluster_add_node(struct cluster *u, const char *yaml)
{
	const struct sched_node *n = make_node(yaml);

	cache_set_node(&u->cache, sched_node_name(n), n);
	snprintf(u->names[u->n_names++], sizeof(u->names[0]), "%s", sched_node_name(n));
	informer_unref(n);
}

static inline void cluster_add_pod(struct cluster *u, const char *yaml)
{
	const struct sched_pod *p = make_pod(yaml);

	cache_place(&u->cache, p, p->node, false);
	informer_unref(p);
}

static inline void cluster_tell(struct cluster *u, enum lookup_kind kind, const char *yaml)
{
	const void *o = make(&lookup_types[kind], yaml);

	lookup_changed(u->lookup, kind, NULL, o);
	informer_unref(o);
}

static inline void cluster_labels(struct buf *b, char *word, const char *value)
{
	char *eq = strchr(word, '=');

	if (eq)
		*eq = '\0';
	buf_addf(b, "'%s': '%s', ", word, eq ? eq + 1 : value);
}

static inline void cluster_nodes(struct cluster *u, const char *text, const char *rest)
{
	autofree char *copy = mem_strdup(text);
	char *items = NULL;

	for (char *item = strtok_r(copy, ";", &items); item; item = strtok_r(NULL, ";", &items)) {
		autobuf struct buf b = BUF_INIT;
		char *words = NULL, *word = strtok_r(item, " ", &words);

		buf_addf(&b, "metadata: {name: '%s', labels: {", word);
		while ((word = strtok_r(NULL, " ", &words)))
			cluster_labels(&b, word, "");
		buf_addf(&b, "}}\n%s", rest ? rest : "status: {allocatable: {cpu: 1, pods: 99}}");
		cluster_add_node(u, buf_str(&b));
	}
}

/* One of the list; its uid says which. */
static inline void cluster_pod_yaml(struct cluster *u, char *item, const char *affinity, struct buf *b)
{
	char *words = NULL, *node = strtok_r(item, " ", &words), *word;
	const char *namespace = "d", *more = "", *priority = "0", *cpu = "0", *start = NULL, *name = NULL;
	autobuf struct buf labels = BUF_INIT;

	while ((word = strtok_r(NULL, " ", &words))) {
		if (*word == '@')
		namespace = word + 1;
		else if (*word == '!') more = ", deletionTimestamp: '2026-01-01T00:00:00Z'";
		else if (*word == '^') priority = word + 1;
		else if (*word == '~') start = word + 1;
		else if (*word == '$') cpu = word + 1;
		else if (*word == '%') name = word + 1;
		else cluster_labels(&labels, word, "");
	}
	buf_addf(b, "metadata: {name: %s%.0zu, namespace: %s, uid: u%zu, labels: {%s}%s}\n",
		 name ? name : "p", name ? 0 : u->n_pods, namespace, u->n_pods, buf_str(&labels), more);
	u->n_pods++;
	buf_addf(b,
		 "spec: {nodeName: '%s', priority: %s, %s containers: [{name: c, resources: {requests: {cpu: "
		 "%sm}}}]}\n",
		 node, priority, affinity ? affinity : "", cpu);
	if (start)
		buf_addf(b, "status: {startTime: '2026-01-01T00:00:%02dZ'}\n", (int)strtol(start, NULL, 10));
}

static inline void cluster_pods(struct cluster *u, const char *text, const char *affinity)
{
	autofree char *copy = mem_strdup(text ? text : "");
	char *items = NULL;

	for (char *item = strtok_r(copy, ";", &items); item; item = strtok_r(NULL, ";", &items)) {
		autobuf struct buf b = BUF_INIT;

		cluster_pod_yaml(u, item, affinity, &b);
		cluster_add_pod(u, buf_str(&b));
	}
}

/* A character for each node in the order of its making: . it fits, x it does not, X and would not whoever went. */
static inline void cluster_verdicts(struct cluster *u, const struct sched_pod *p, char *ret,
				    struct reasons *why)
{
	struct nomination n;
	struct reasons ignored = {0};

	cache_update_snapshot(&u->cache, &u->snapshot);
	if (!why)
		why = &ignored;
	cycle_run(&u->cycle, &u->snapshot, p, why, &n);
	for (size_t i = 0; i < u->n_names; i++)
		ret[i] = ".xX"[u->cycle.verdicts[snapshot_node(&u->snapshot, u->names[i])->index]];
	ret[u->n_names] = '\0';
	reasons_release(&ignored);
}

/* What the plugins make of each node, as "a=100 b=0". */
static inline void cluster_scores(struct cluster *u, const struct sched_pod *p, struct buf *ret)
{
	struct nomination n;
	struct reasons why = {0};
	const struct node_state *v[64];
	int64_t total[64] = {0}, scratch[64];
	struct cycle *c = &u->cycle;
	size_t found = 0;

	cache_update_snapshot(&u->cache, &u->snapshot);
	cycle_run(c, &u->snapshot, p, &why, &n);
	for (size_t i = 0; i < u->n_names; i++) {
		const struct node_state *s = snapshot_node(&u->snapshot, u->names[i]);

		if (c->verdicts[s->index] == NODE_UNSEEN)
			v[found++] = s;
	}
	framework_score(c->framework, &c->state, p, &u->snapshot, v, found, total, scratch);
	for (size_t i = 0; i < found; i++)
		buf_addf(ret, "%s%s=%d", i ? " " : "", node_state_name(v[i]), (int)total[i]);
	reasons_release(&why);
}

/*
 * What a fork says of a node without one of its Pods, or with it again, is what the search would say if it were so; and
 * what the snapshot counts from change to change is what a new one counts.
 */
static inline void cluster_check_forks(struct cluster *u, const struct sched_pod *p, const char *what)
{
	char before[65], without[65], fresh[65];
	const struct framework *f = u->cycle.framework;

	cluster_verdicts(u, p, before, NULL);
	for (size_t i = 0; i < u->n_names; i++) {
		const struct node_state *n = node_state_ref(snapshot_node(&u->snapshot, u->names[i]));

		for (size_t k = 0; k < n->n_pods; k++) {
			const struct sched_pod *gone = n->pods[k];
			struct framework_fork fork;
			struct cluster other;

			cluster_verdicts(u, p, fresh, NULL);
			assert_string_equal(fresh, before);
			framework_fork_init(&fork, f, &u->cycle.state, p,
					    snapshot_node(&u->snapshot, u->names[i]));
			framework_fork_remove(&fork, gone);
			bool fits = framework_fork_fits(&fork, NULL);
			framework_fork_add(&fork, gone);
			bool again = framework_fork_fits(&fork, NULL);
			framework_fork_release(&fork);
			cache_remove(&u->cache, gone->base.meta.uid);
			cluster_verdicts(u, p, without, NULL);
			if (fits != (without[i] == '.') || again != (before[i] == '.'))
				fail_msg("%s: a fork of %s without %s fits %d, with it %d; really %s and %s",
					 what, u->names[i], gone->base.meta.uid, fits, again, without,
					 before);
			/* A snapshot that has not seen how it came to this. */
			cluster_init(&other, f);
			other.snapshot.lookup = u->lookup;
			for (size_t m = 0; m < u->n_names; m++) {
				const struct node_state *s = snapshot_node(&u->snapshot, u->names[m]);

				cache_set_node(&other.cache, u->names[m], s->node);
				for (size_t q = 0; q < s->n_pods; q++)
					cache_place(&other.cache, s->pods[q], u->names[m], false);
				memcpy(other.names[other.n_names++], u->names[m], sizeof(u->names[m]));
			}
			cluster_verdicts(&other, p, fresh, NULL);
			if (strcmp(fresh, without) != 0)
				fail_msg("%s: without %s counted on %s, anew %s", what, gone->base.meta.uid,
					 without, fresh);
			cluster_release(&other);
			cache_place(&u->cache, gone, u->names[i], false);
		}
		node_state_unref(n);
	}
}

#endif
