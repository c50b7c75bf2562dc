/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ports of a Pod's containers that get into each other's way (kubernetes/kubernetes pkg/api/pod/warnings.go).
 *
 * Each of FEW is compared with all before it, as upstream does. Of more, each is told of the first one of every sort that
 * it meets: what ports say is looked up, so that thousands of them cost no more than the reading.
 */
#include <stdlib.h>
#include "kinds/podspec/podspec_internal.h"

#define FEW 64

struct port {
	const char *protocol, *ip;
	int64_t port, host;
	const char *path; /* its own */
};

struct ports {
	const struct podspec_warning *w;
	struct unique seen; /* sort and values -> which was the first */
	char **paths;	    /* of those that were */
	size_t n, room;
	size_t total;	      /* one alone has nothing to meet */
	struct port few[FEW]; /* those before, when there are no more */
};

/* The first port with these values, which is noted when there is none. `note`: whether this one counts as such. */
static const char *first(struct ports *all, const struct port *p, bool note, const char *sort, int64_t host,
			 const char *ip)
{
	autofree char *key =
		mem_printf("%s/%lld/%s/%lld/%s", sort, (long long)p->port, p->protocol, (long long)host, ip);
	size_t at = all->n;

	if (note || unique_has(&all->seen, key))
		at = unique_first(&all->seen, key, strlen(key), all->n);
	return at < all->n ? all->paths[at] : NULL;
}

static void tell(const struct ports *all, const struct port *p, const char *what, const char *other)
{
	if (other)
		strategy_warn(all->w->ctx, "%s: %s port definition with %s", p->path, what, other);
}

static void compare(struct ports *all, const struct port *p)
{
	const char *same = first(all, p, true, "same", p->host, p->ip);
	const char *open = first(all, p, !p->host, "open", 0, ""), /* on no port of the node */
		*bound = first(all, p, p->host, "bound", 0, "");
	const char *any = first(all, p, !*p->ip, "any", p->host, ""), /* on all its addresses */
		*some = first(all, p, *p->ip, "some", p->host, "");

	tell(all, p, "duplicate", same);
	tell(all, p, "overlapping", p->host ? open : bound);
	if (p->host)
		tell(all, p, "dangerously ambiguous", *p->ip ? any : some);
}

static const char *meeting(const struct port *a, const struct port *b)
{
	if (a->port != b->port || strcmp(a->protocol, b->protocol))
		return NULL;
	if (a->host == b->host && !strcmp(a->ip, b->ip))
		return "duplicate";
	if (!a->host || !b->host)
		return "overlapping";
	return a->host == b->host && !*a->ip != !*b->ip ? "dangerously ambiguous" : NULL;
}

static void compare_each(struct ports *all, const struct port *p)
{
	for (size_t i = 0; i < all->n; i++) {
		const char *how = meeting(p, &all->few[i]);
		tell(all, p, how, how ? all->paths[i] : NULL);
	}
	all->few[all->n] = *p;
}

static void note_path(struct ports *all, const char *path)
{
	if (all->n == all->room) {
		all->room = all->room ? 2 * all->room : 16;
		all->paths = mem_realloc_array(all->paths, all->room, sizeof(*all->paths));
	}
	all->paths[all->n++] = mem_strdup(path);
}

static void warn_port(struct ports *all, const js *o, const char *path)
{
	const struct port p = {.protocol = js_str0(o, "protocol", NULL),
			       .ip = js_str0(o, "hostIP", NULL),
			       .port = js_int(o, 0, "containerPort", NULL),
			       .host = js_int(o, 0, "hostPort", NULL),
			       .path = path};

	if (*p.ip && !p.host)
		strategy_warn(
			all->w->ctx,
			"%s: hostIP set without hostPort: {Name:%s HostPort:0 ContainerPort:%lld Protocol:%s HostIP:%s}",
			path, js_str0(o, "name", NULL), (long long)p.port, p.protocol, p.ip);
	if (all->total < 2)
		return;
	(all->total <= FEW ? compare_each : compare)(all, &p);
	note_path(all, path);
}

/* A name is looked up in all containers; the first that has it is found. */
static void warn_names(const struct ports *all)
{
	autounique struct unique names = {.n = 0};
	size_t n = 0;

	for (size_t l = 0; all->total > 1 && l < PODSPEC_LISTS; l++)
		js_array_for_each (c, js_arr(all->w->spec, podspec_lists[l], NULL))
			js_array_for_each (p, js_arr(c, "ports", NULL)) {
				const char *name = js_str0(p, "name", NULL), *path = all->paths[n];
				size_t at = *name ? unique_first(&names, name, strlen(name), n) : n;
				if (at != n)
					strategy_warn(
						all->w->ctx,
						"%s: duplicate port name \"%s\" with %s, services and probes that select ports by name will use %s",
						path, name, all->paths[at], all->paths[at]);
				n++;
			}
}

static size_t count(const js *spec)
{
	size_t n = 0;

	for (size_t l = 0; l < PODSPEC_LISTS; l++)
		js_array_for_each (c, js_arr(spec, podspec_lists[l], NULL))
			n += js_len(js_arr(c, "ports", NULL));
	return n;
}

void podspec_warn_ports(const struct podspec_warning *w)
{
	struct ports all = {.w = w, .total = count(w->spec)};

	for (size_t l = 0; l < PODSPEC_LISTS; l++)
		js_array_for_each (c, js_arr(w->spec, podspec_lists[l], NULL))
			js_array_for_each (p, js_arr(c, "ports", NULL))
				warn_port(&all, p,
					  PATH("%sspec.%s[%zu].ports[%zu]", w->base, podspec_lists[l], c_i,
					       p_i));
	warn_names(&all);
	for (size_t i = 0; i < all.n; i++)
		free(all.paths[i]);
	free(all.paths);
	unique_release(&all.seen);
}
