/* SPDX-License-Identifier: Apache-2.0 */
/* Cells of EndpointSlices. */
#include "rest/table/cells.h"

#include <string.h>

#define MAX_LISTED 3

/* The first few of a list that goes on. */
static void put_listed(struct buf *out, struct buf *b, size_t n)
{
	if (n > MAX_LISTED)
		buf_addf(b, " + %zu more...", n - MAX_LISTED);
	cell_text(out, b, "<unset>");
}

static void cell_slice_ports(struct buf *out, const struct cell *c)
{
	autobuf struct buf b = BUF_INIT;
	const js *ports = js_arr(c->o, "ports", NULL);

	for (size_t i = 0; i < js_len(ports) && i < MAX_LISTED; i++) {
		const js *p = js_at(ports, i);
		const char *comma = i ? "," : "", *name = js_str(p, "name", NULL);
		if (js_field(p, "port"))
			buf_addf(&b, "%s%lld", comma, (long long)js_int(p, 0, "port", NULL));
		else
			buf_addf(&b, "%s%s", comma, name ? name : "*");
	}
	put_listed(out, &b, js_len(ports));
}

static void cell_slice_endpoints(struct buf *out, const struct cell *c)
{
	autobuf struct buf b = BUF_INIT;
	size_t n = 0;

	js_array_for_each (e, js_arr(c->o, "endpoints", NULL)) {
		const js *addresses = js_arr(e, "addresses", NULL);
		for (size_t i = 0; i < js_len(addresses) && n + i < MAX_LISTED; i++)
			cell_join(&b, js_str0(js_at(addresses, i), NULL));
		n += js_len(addresses);
	}
	put_listed(out, &b, n);
}

const struct cell_row cells_discovery[] = {
	{"slice_endpoints", cell_slice_endpoints},
	{"slice_ports", cell_slice_ports},
	{NULL, NULL},
};
