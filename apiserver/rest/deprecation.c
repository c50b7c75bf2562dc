/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both are said when a request is routed, not when it ends: a watch, and a reply that is read slowly, end without a pin, when
 * the kind may be gone.
 */
#include "rest/deprecation.h"

#include <pthread.h>
#include <string.h>
#include "base/buf.h"
#include "object/schema.h"
#include "serve/metric.h"

#define SEP "\x1f"

static const struct metric_def requested_def = {
	.name = "apiserver_requested_deprecated_apis",
	.help = "[STABLE] Gauge of deprecated APIs that have been requested, broken out by API group, version, resource, subresource, and removed_release.",
	.type = METRIC_GAUGE,
	.label_names = "group,removed_release,resource,subresource,version",
};
static struct metric *requested;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void setup(void)
{
	requested = metric_register(&requested_def);
}

/* The release stands in the warning: `..., unavailable in v1.25+`. */
static void note(const struct request *rq)
{
	static const char lead[] = "unavailable in v";
	autobuf struct buf b = BUF_INIT;
	const char *release = strstr(rq->attr.kind->deprecated, lead);

	release = release ? release + sizeof(lead) - 1 : "";
	buf_addf(&b, "%s" SEP "%.*s" SEP "%s" SEP "%s" SEP "%s", rq->attr.group,
		 (int)strspn(release, "0123456789."), release, rq->attr.resource, rq->attr.subresource,
		 rq->attr.version);
	pthread_once(&once, setup);
	metric_set(metric_series(requested, buf_str(&b)), 1);
}

void deprecation_tell(const struct request *rq, struct response *rs)
{
	if (!rq->attr.kind || !rq->attr.kind->deprecated)
		return;
	response_warn(rs, "%s", rq->attr.kind->deprecated);
	note(rq);
}
