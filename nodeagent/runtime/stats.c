/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/stats.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

static void parse_wait(const char *line, struct runtime_wait *ret)
{
	long long us = 0;
	if (sscanf(line, " avg10=%lf avg60=%lf avg300=%lf total=%lld", &ret->average[0], &ret->average[1],
		   &ret->average[2], &us) == 4 &&
	    us >= 0 && us < INT64_MAX / NS_PER_US)
		ret->total_ns = us * NS_PER_US;
}

void runtime_waits_parse(const char *text, struct runtime_waits *ret)
{
	*ret = (struct runtime_waits){0};
	for (const char *p = text; p && *p; p = strchr(p, '\n'), p = p ? p + 1 : NULL) {
		bool some = !strncmp(p, "some ", 5);
		if (!some && strncmp(p, "full ", 5) != 0)
			continue;
		parse_wait(p + 4, some ? &ret->some : &ret->full);
		ret->known = true;
	}
}

/* Of cAdvisor's, those that a machine with containers has many of (cadvisor utils/sysinfo). */
static bool is_ignored(const char *name)
{
	static const char *const prefixes[] = {"veth", "docker", "nerdctl"};
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++)
		if (!strncmp(name, prefixes[i], strlen(prefixes[i])))
			return true;
	return !strcmp(name, "lo");
}

size_t runtime_interfaces_parse(const char *text, struct runtime_interface ret[RUNTIME_INTERFACES_MAX])
{
	size_t n = 0;
	for (const char *p = text; p && *p && n < RUNTIME_INTERFACES_MAX;
	     p = strchr(p, '\n'), p = p ? p + 1 : NULL) {
		struct runtime_interface i = {0};
		if (sscanf(p,
			   " %15[^:]: %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
			   " %*u %*u %*u %*u %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64,
			   i.name, &i.rx_bytes, &i.rx_packets, &i.rx_errors, &i.rx_dropped, &i.tx_bytes,
			   &i.tx_packets, &i.tx_errors, &i.tx_dropped) == 9 &&
		    !is_ignored(i.name))
			ret[n++] = i;
	}
	return n;
}
