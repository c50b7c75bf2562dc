/* SPDX-License-Identifier: Apache-2.0 */
#include "pod/hostfiles.h"

#include <stdio.h>
#include <stdlib.h>

/* Limits of resolv.conf as the kubelet applies them (pkg/apis/core/validation). */
enum {
	MAX_SERVERS = 3,
	MAX_SEARCHES = 32,
	MAX_SEARCH_CHARS = 2048, /* of the whole list, with the spaces between */
	MAX_DOMAIN_CHARS = 255,
	MAX_OPTIONS = 64
};

void hostfiles_hostname(const struct pod *p, char out[64])
{
	const char *name = *p->hostname ? p->hostname : p->o.meta.name;
	snprintf(out, 64, "%.63s", name);
	size_t n = strlen(out);
	while (n && (out[n - 1] == '.' || out[n - 1] == '-') && name[n])
		out[--n] = '\0';
}

int hostfiles_nodename(const struct pod *p, const char *cluster_domain, char out[HOSTFILES_NAME_MAX],
		       struct err *err)
{
	char name[64];
	hostfiles_hostname(p, name);
	bool whole = p->fqdn_hostname && *p->subdomain;
	autofree char *fqdn =
		whole ? mem_printf("%s.%s.%s.svc.%s", name, p->subdomain, p->o.meta.namespace, cluster_domain)
		      : mem_strdup(name);
	size_t n = strlen(fqdn);
	if (n >= HOSTFILES_NAME_MAX)
		return err_set(
			err, REASON_INVALID,
			"failed to construct FQDN from pod hostname and cluster domain, FQDN %s is too long (%d characters is the max, %zu characters requested)",
			fqdn, HOSTFILES_NAME_MAX - 1, n);
	memcpy(out, fqdn, n + 1);
	return 0;
}

static void add_aliases(struct buf *out, const struct pod *p)
{
	autojson js *aliases = pod_field(p->host_aliases);
	if (!js_len(aliases))
		return;
	buf_adds(out, "\n# Entries added by HostAliases.\n");
	js_array_for_each (a, aliases) {
		buf_adds(out, js_str0(a, "ip", NULL));
		js_array_for_each (h, js_arr(a, "hostnames", NULL))
			buf_addf(out, "\t%s", js_str0(h, NULL));
		buf_addc(out, '\n');
	}
}

void hostfiles_hosts(struct buf *out, const struct pod *p, const char *const ips[RUNTIME_IPS_MAX],
		     const char *cluster_domain, const char *host_hosts)
{
	char name[64];
	if (p->host_network) {
		buf_addf(out, "# Kubernetes-managed hosts file (host network).\n%s", host_hosts);
		add_aliases(out, p);
		return;
	}
	hostfiles_hostname(p, name);
	buf_adds(out, "# Kubernetes-managed hosts file.\n"
		      "127.0.0.1\tlocalhost\n"
		      "::1\tlocalhost ip6-localhost ip6-loopback\n"
		      "fe00::0\tip6-localnet\n"
		      "fe00::0\tip6-mcastprefix\n"
		      "fe00::1\tip6-allnodes\n"
		      "fe00::2\tip6-allrouters\n");
	for (size_t i = 0; i < RUNTIME_IPS_MAX; i++) {
		if (!ips[i] || !*ips[i])
			continue;
		if (*p->subdomain)
			buf_addf(out, "%s\t%s.%s.%s.svc.%s\t%s\n", ips[i], name, p->subdomain,
				 p->o.meta.namespace, cluster_domain, name);
		else
			buf_addf(out, "%s\t%s\n", ips[i], name);
	}
	add_aliases(out, p);
}

/* ---- resolv.conf ---- */

struct words {
	const char *v[MAX_OPTIONS];
	size_t n, max;
};
struct resolv {
	struct arena a;
	struct words servers, searches, options;
	size_t search_chars;
	bool searches_full; /* what comes after the first that does not fit is left out too */
};

static void add_word(struct words *w, const char *s)
{
	for (size_t i = 0; i < w->n; i++)
		if (!strcmp(w->v[i], s))
			return;
	if (*s && w->n < w->max)
		w->v[w->n++] = s;
}

static void add_search(struct resolv *r, const char *s)
{
	size_t n = strlen(s), before = r->searches.n;
	if (n > MAX_DOMAIN_CHARS)
		return;
	r->searches_full |= r->search_chars + n > MAX_SEARCH_CHARS;
	if (r->searches_full)
		return;
	add_word(&r->searches, s);
	if (r->searches.n > before)
		r->search_chars += n + 1;
}

/* "ndots:5" replaces another value of ndots. */
static void add_option(struct resolv *r, const char *s)
{
	size_t n = strcspn(s, ":");
	for (size_t i = 0; i < r->options.n; i++)
		if (strcspn(r->options.v[i], ":") == n && !strncmp(r->options.v[i], s, n)) {
			r->options.v[i] = s;
			return;
		}
	add_word(&r->options, s);
}

static void parse_host(struct resolv *r, const char *text, bool servers, bool searches)
{
	autofree char *copy = mem_strdup(text);
	char *state = NULL;
	for (char *line = strtok_r(copy, "\n", &state); line; line = strtok_r(NULL, "\n", &state)) {
		char *ws = NULL, *word, *key = strtok_r(line, " \t\r", &ws);
		if (!key || *key == '#' || *key == ';')
			continue;
		bool server = !strcmp(key, "nameserver"), options = !strcmp(key, "options");
		bool search = !strcmp(key, "search") || !strcmp(key, "domain");
		if (search && searches) { /* the last such line counts */
			r->searches.n = r->search_chars = 0;
			r->searches_full = false;
		}
		while ((word = strtok_r(NULL, " \t\r", &ws))) {
			const char *kept = arena_strdup(&r->a, word);
			if (server && servers)
				add_word(&r->servers, kept);
			else if (search && searches && strcmp(word, ".") != 0)
				add_search(r, kept);
			else if (options && servers)
				add_option(r, kept);
		}
	}
}

static void cluster_first(struct resolv *r, const struct pod *p, const struct hostfiles_dns *dns)
{
	struct words host = {.max = MAX_SEARCHES};
	autofree char *copy = mem_strdup(dns->cluster_dns);
	char *state = NULL;
	const char *ns = p->o.meta.namespace, *domain = dns->cluster_domain;
	parse_host(r, dns->host_resolv, false, true);
	host = r->searches;
	r->searches.n = r->search_chars = 0;
	r->searches_full = false;
	if (*domain) {
		add_search(r, arena_printf(&r->a, "%s.svc.%s", ns, domain));
		add_search(r, arena_printf(&r->a, "svc.%s", domain));
		add_search(r, arena_strdup(&r->a, domain));
	}
	for (size_t i = 0; i < host.n; i++)
		add_search(r, host.v[i]);
	for (char *s = strtok_r(copy, ", ", &state); s; s = strtok_r(NULL, ", ", &state))
		add_word(&r->servers, arena_strdup(&r->a, s));
	add_option(r, "ndots:5");
}

static void merge_config(struct resolv *r, const js *config)
{
	js_array_for_each (s, js_arr(config, "nameservers", NULL))
		add_word(&r->servers, js_str0(s, NULL));
	js_array_for_each (s, js_arr(config, "searches", NULL))
		add_search(r, js_str0(s, NULL));
	js_array_for_each (o, js_arr(config, "options", NULL)) {
		const char *value = js_str(o, "value", NULL);
		add_option(r, arena_printf(&r->a, "%s%s%s", js_str0(o, "name", NULL), value ? ":" : "",
					   value ? value : ""));
	}
}

static void add_line(struct buf *out, const char *key, const struct words *w)
{
	if (!w->n)
		return;
	buf_adds(out, key);
	for (size_t i = 0; i < w->n; i++)
		buf_addf(out, " %s", w->v[i]);
	buf_addc(out, '\n');
}

void hostfiles_resolv(struct buf *out, const struct pod *p, const struct hostfiles_dns *dns)
{
	struct resolv r = {
		.servers.max = MAX_SERVERS, .searches.max = MAX_SEARCHES, .options.max = MAX_OPTIONS};
	autojson js *config = pod_field(p->dns_config);
	bool cluster =
		p->dns == DNS_CLUSTER_FIRST_HOST_NET || (p->dns == DNS_CLUSTER_FIRST && !p->host_network);
	if (cluster && dns->cluster_dns && *dns->cluster_dns)
		cluster_first(&r, p, dns);
	else if (p->dns != DNS_NONE)
		parse_host(&r, dns->host_resolv, true, true);
	merge_config(&r, config);
	add_line(out, "search", &r.searches);
	for (size_t i = 0; i < r.servers.n; i++)
		buf_addf(out, "nameserver %s\n", r.servers.v[i]);
	add_line(out, "options", &r.options);
	arena_release(&r.a);
}
