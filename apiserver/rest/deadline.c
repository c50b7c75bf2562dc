/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/deadline.h"

#include "base/clock.h"
#include "base/flags.h"
#include "request/status.h"
#include "rest/route.h"

#define LONGEST_NS (60 * NS_PER_S) /* upstream's --request-timeout */

/* As upstream's BasicLongRunningRequestCheck. */
static bool is_stream(const struct request *rq)
{
	return rq->is_watch ||
	       (rq->route && (rq->route->class == ROUTE_RELAY || rq->route->class == ROUTE_CONNECT));
}

int deadline_read(struct request *rq, struct err *err)
{
	const char *said = request_param(rq, "timeout");
	struct err why = ERR_INIT;
	int64_t ns;

	if (!said || !*said || is_stream(rq))
		return 0;
	if (flags_duration(said, &ns, &why) < 0)
		return err_set(err, REASON_BAD_REQUEST, "invalid timeout specified in the request URL - %s",
			       why.msg);
	if (ns > 0 && ns < LONGEST_NS)
		rq->deadline_ns = clock_mono_ns() + ns;
	return 0;
}

bool deadline_passed(const struct request *rq, struct response *rs)
{
	static const struct status_parts st = {
		.reason = REASON_TIMEOUT,
		.message = "Timeout: request did not complete within the allotted timeout"};

	if (!rq->deadline_ns || clock_mono_ns() < rq->deadline_ns)
		return false;
	response_status_parts(rs, &st);
	return true;
}

int64_t deadline_within(const struct request *rq, int64_t ns)
{
	return rq->deadline_ns && rq->deadline_ns < ns ? rq->deadline_ns : ns;
}
