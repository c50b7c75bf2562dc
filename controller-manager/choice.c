/* SPDX-License-Identifier: Apache-2.0 */
/* See choice.h; kubernetes/kubernetes cmd/kube-controller-manager/names has the names. */
#include "choice.h"

#include <assert.h>
#include <string.h>
#include "base/mem.h"

#define SUFFIX "-controller"

/* What upstream called them before 1.27, where that is not the name without its end. */
static const struct {
	const char *old, *name;
} aliases[] = {
	{"garbagecollector", "garbage-collector"},
	{"podgc", "pod-garbage-collector"},
	{"horizontalpodautoscaling", "horizontal-pod-autoscaler"},
	{"nodeipam", "node-ipam"},
	{"nodelifecycle", "node-lifecycle"},
	{"root-ca-cert-publisher", "root-ca-certificate-publisher"},
};

struct choice_word {
	const char *p;
	size_t n;
	bool not ;
};

static bool next_word(const char **at, struct choice_word *ret)
{
	const char *p = *at;

	if (!*p)
		return false;
	ret->n = strcspn(p, ",");
	*at = p + ret->n + (p[ret->n] == ',');
	ret->not = *p == '-';
	ret->p = p + ret->not ;
	ret->n -= ret->not ;
	return true;
}

static bool is(const struct choice_word *w, const char *name)
{
	return strlen(name) == w->n && !memcmp(w->p, name, w->n);
}

static bool names(const struct choice_word *w, const char *name)
{
	size_t len = strlen(name), more = strlen(SUFFIX);

	if (is(w, name) ||
	    (w->n == len + more && !memcmp(w->p, name, len) && !memcmp(w->p + len, SUFFIX, more)))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(aliases); i++)
		if (!strcmp(aliases[i].name, name) && is(w, aliases[i].old))
			return true;
	return false;
}

/* A name of its own counts, wherever it stands; else whether all are wanted. */
static bool wanted(const char *list, const char *name)
{
	struct choice_word w;
	bool all = false;

	while (next_word(&list, &w)) {
		if (names(&w, name))
			return !w.not ;
		all |= is(&w, "*") && !w.not ;
	}
	return all;
}

static bool known(const struct choice_word *w, const struct controller *const *all)
{
	bool ret = is(w, "*");

	for (; *all && !ret; all++)
		ret = names(w, (*all)->name);
	return ret;
}

int choice_make(const char *list, const struct controller *const *all,
		const struct controller *ret[CHOICE_MAX], struct err *err)
{
	struct choice_word w;
	size_t n = 0;

	for (const char *at = list; next_word(&at, &w);)
		if (!known(&w, all))
			return err_set(err, REASON_INVALID,
				       "--controllers: \"%.*s\" is not in the list of known controllers",
				       (int)w.n, w.p);
	for (; *all; all++)
		if (wanted(list, (*all)->name)) {
			assert(n < CHOICE_MAX - 1);
			ret[n++] = *all;
		}
	ret[n] = NULL;
	return 0;
}
