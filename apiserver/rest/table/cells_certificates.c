/* SPDX-License-Identifier: Apache-2.0 */
/* Cells of CertificateSigningRequests. */
#include <string.h>
#include "base/clock.h"
#include "object/condition.h"
#include "object/rfc3339.h"
#include "rest/table/cells.h"

static void cell_csr_signer(struct buf *out, const struct cell *c)
{
	const char *signer = js_str0(c->o, "spec", "signerName", NULL);
	cell_str(out, *signer ? signer : CELL_NONE);
}

static void cell_csr_duration(struct buf *out, const struct cell *c)
{
	char text[RFC3339_MAX];
	if (!js_get(c->o, "spec", "expirationSeconds", NULL)) {
		cell_str(out, CELL_NONE);
		return;
	}
	rfc3339_human(js_int(c->o, 0, "spec", "expirationSeconds", NULL) * NS_PER_S, text);
	cell_str(out, text);
}

static void cell_csr_condition(struct buf *out, const struct cell *c)
{
	const js *conditions = js_arr(c->o, "status", "conditions", NULL);
	autobuf struct buf b = BUF_INIT;
	buf_adds(&b, condition_find(conditions, "Denied")     ? "Denied"
		     : condition_find(conditions, "Approved") ? "Approved"
							      : "Pending");
	if (condition_find(conditions, "Failed"))
		cell_join(&b, "Failed");
	if (*js_str0(c->o, "status", "certificate", NULL))
		cell_join(&b, "Issued");
	cell_text(out, &b, "");
}

const struct cell_row cells_certificates[] = {
	{"csr_condition", cell_csr_condition},
	{"csr_duration", cell_csr_duration},
	{"csr_signer", cell_csr_signer},
	{NULL, NULL},
};
