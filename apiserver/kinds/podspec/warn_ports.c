/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ports of a Pod's containers that get into each other's way (kubernetes/kubernetes pkg/api/pod/warnings.go).
 *
 * Upstream compares each with all before it. Here each is told of the first one of every sort that it meets: what ports say
 * is looked up, so that thousands of them cost no more than the reading.
 */
#include <stdlib.h>
#include "kinds/podspec/podspec_internal.h"

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
	bool many; /* one alone has nothing to meet */
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
	if (all->many) {
		compare(all, &p);
		note_path(all, path);
	}
}

static bool are_many(const js *spec)
{
	size_t n = 0;

	for (size_t l = 0; l < PODSPEC_LISTS; l++)
		js_array_for_each (c, js_arr(spec, podspec_lists[l], NULL))
			n += js_len(js_arr(c, "ports", NULL));
	return n > 1;
}

void podspec_warn_ports(const struct podspec_warning *w)
{
	struct ports all = {.w = w, .many = are_many(w->spec)};

	for (size_t l = 0; l < PODSPEC_LISTS; l++)
		js_array_for_each (c, js_arr(w->spec, podspec_lists[l], NULL))
			js_array_for_each (p, js_arr(c, "ports", NULL))
				warn_port(&all, p,
					  PATH("%sspec.%s[%zu].ports[%zu]", w->base, podspec_lists[l], c_i,
					       p_i));
	for (size_t i = 0; i < all.n; i++)
		free(all.paths[i]);
	free(all.paths);
	unique_release(&all.seen);
}
