/* SPDX-License-Identifier: Apache-2.0 */
/* Cells of the kinds of networking.k8s.io. */
#include "rest/table/cells.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define MAX_HOSTS 3

/* ---- Ingresses ---- */

static void cell_ingress_class(struct buf *out, const struct cell *c)
{
	const char *class = js_str(c->o, "spec", "ingressClassName", NULL);

	cell_str(out, class ? class : CELL_NONE);
}

/* Rules without a host count among those that are not shown, as upstream has it. */
static void cell_ingress_hosts(struct buf *out, const struct cell *c)
{
	const js *rules = js_arr(c->o, "spec", "rules", NULL);
	autobuf struct buf b = BUF_INIT;
	size_t n = 0;
	bool more = false;

	js_array_for_each (r, rules) {
		const char *host = js_str0(r, "host", NULL);
		more |= n == MAX_HOSTS;
		if (!more && *host) {
			cell_join(&b, host);
			n++;
		}
	}
	if (more)
		buf_addf(&b, " + %zu more...", js_len(rules) - MAX_HOSTS);
	cell_text(out, &b, "*");
}

static void cell_ingress_address(struct buf *out, const struct cell *c)
{
	autobuf struct buf b = BUF_INIT;
	cell_balancers(&b, js_obj(c->o, "status", NULL));
	cell_text(out, &b, "");
}

static void cell_ingress_ports(struct buf *out, const struct cell *c)
{
	cell_str(out, js_len(js_arr(c->o, "spec", "tls", NULL)) ? "80, 443" : "80");
}

static void cell_ingressclass_parameters(struct buf *out, const struct cell *c)
{
	const js *p = js_obj(c->o, "spec", "parameters", NULL);
	const char *group = js_str(p, "apiGroup", NULL);
	autobuf struct buf b = BUF_INIT;

	if (p)
		buf_addf(&b, "%s%s%s/%s", js_str0(p, "kind", NULL), group ? "." : "", group ? group : "",
			 js_str0(p, "name", NULL));
	cell_text(out, &b, CELL_NONE);
}

/* ---- NetworkPolicies ---- */

static void cell_policy_selector(struct buf *out, const struct cell *c)
{
	cell_selector_of(out, js_obj(c->o, "spec", "podSelector", NULL));
}

/* ---- addresses of Services ---- */

static void cell_servicecidr_cidrs(struct buf *out, const struct cell *c)
{
	autobuf struct buf b = BUF_INIT;

	js_array_for_each (cidr, js_arr(c->o, "spec", "cidrs", NULL))
		cell_join(&b, js_str0(cidr, NULL));
	cell_text(out, &b, "");
}

static void cell_ipaddress_parent(struct buf *out, const struct cell *c)
{
	const js *ref = js_obj(c->o, "spec", "parentRef", NULL);
	const char *group = js_str0(ref, "group", NULL), *ns = js_str0(ref, "namespace", NULL);
	autobuf struct buf b = BUF_INIT;

	if (ref)
		buf_addf(&b, "%s%s%s", js_str0(ref, "resource", NULL), *group ? "." : "", group);
	for (size_t i = 0; i < b.len; i++)
		b.p[i] = (char)tolower((unsigned char)b.p[i]);
	if (ref)
		buf_addf(&b, "%s%s/%s", *ns ? "/" : "", ns, js_str0(ref, "name", NULL));
	cell_text(out, &b, CELL_NONE);
}

const struct cell_row cells_networking[] = {
	{"ingress_address", cell_ingress_address},
	{"ingress_class", cell_ingress_class},
	{"ingress_hosts", cell_ingress_hosts},
	{"ingress_ports", cell_ingress_ports},
	{"ingressclass_parameters", cell_ingressclass_parameters},
	{"ipaddress_parent", cell_ipaddress_parent},
	{"policy_selector", cell_policy_selector},
	{"servicecidr_cidrs", cell_servicecidr_cidrs},
	{NULL, NULL},
};
