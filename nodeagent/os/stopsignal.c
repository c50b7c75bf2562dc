/* SPDX-License-Identifier: Apache-2.0 */
#include "os/stopsignal.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static const struct {
	const char *name;
	int sig;
} names[] = {
#define NAMED(n)                                                                                             \
	{                                                                                                    \
#n, SIG##n                                                                                   \
	}
	NAMED(ABRT), NAMED(ALRM), NAMED(BUS),	 NAMED(CHLD),  NAMED(CLD),  NAMED(CONT),   NAMED(FPE),
	NAMED(HUP),  NAMED(ILL),  NAMED(INT),	 NAMED(IO),    NAMED(IOT),  NAMED(KILL),   NAMED(PIPE),
	NAMED(POLL), NAMED(PROF), NAMED(PWR),	 NAMED(QUIT),  NAMED(SEGV), NAMED(STKFLT), NAMED(STOP),
	NAMED(SYS),  NAMED(TERM), NAMED(TRAP),	 NAMED(TSTP),  NAMED(TTIN), NAMED(TTOU),   NAMED(URG),
	NAMED(USR1), NAMED(USR2), NAMED(VTALRM), NAMED(WINCH), NAMED(XCPU), NAMED(XFSZ),
#undef NAMED
};

static int number(const char *s)
{
	char *end;
	long n = strtol(s, &end, 10);
	return end == s || *end || n < -64 || n > 64 ? 0 : (int)n;
}

static int in_range(int sig)
{
	return sig >= 1 && sig <= SIGRTMAX ? sig : 0;
}

int stopsignal_parse(const char *s)
{
	if (!s || !*s)
		return 0;
	if (!strncmp(s, "SIG", 3))
		s += 3;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (!strcmp(names[i].name, s))
			return names[i].sig;
	if (!strcmp(s, "RTMIN"))
		return SIGRTMIN;
	if (!strcmp(s, "RTMAX"))
		return SIGRTMAX;
	if (!strncmp(s, "RTMIN+", 6))
		return in_range(SIGRTMIN + number(s + 6));
	if (!strncmp(s, "RTMAX-", 6))
		return in_range(SIGRTMAX + number(s + 5));
	return in_range(number(s));
}

/* As far from one end as the API has names for it. */
#define FROM_RTMIN 15

bool stopsignal_name(int sig, char ret[STOPSIGNAL_NAME_MAX])
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (names[i].sig == sig) {
			snprintf(ret, STOPSIGNAL_NAME_MAX, "SIG%s", names[i].name);
			return true;
		}
	if (sig == SIGRTMIN || sig == SIGRTMAX)
		snprintf(ret, STOPSIGNAL_NAME_MAX, "SIGRT%s", sig == SIGRTMIN ? "MIN" : "MAX");
	else if (sig > SIGRTMIN && sig <= SIGRTMIN + FROM_RTMIN)
		snprintf(ret, STOPSIGNAL_NAME_MAX, "SIGRTMIN+%d", sig - SIGRTMIN);
	else if (sig > SIGRTMIN && sig < SIGRTMAX)
		snprintf(ret, STOPSIGNAL_NAME_MAX, "SIGRTMAX-%d", SIGRTMAX - sig);
	else
		return false;
	return true;
}
