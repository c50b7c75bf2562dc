/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which version of HTTP a call asks curl for; and why that is not simple without TLS.
 *
 * HTTP/2 without TLS is by prior knowledge. curl before 8.0 begins the protocol once more when such a call gets a connection
 * that speaks it already, which breaks the connection (Debian 12 has 7.88). A call that only allows HTTP/2 has no such
 * trouble on it, but would open a new connection as HTTP/1.1. So a call tells one or the other by what was last seen; just
 * before its first byte it is known whether curl has opened a connection for it, and if that does not fit, the attempt ends
 * there and is made again the other way.
 */
#include <sys/socket.h>

#include "client/http_internal.h"

static bool is_h2c(const struct http_call *c)
{
	return c->rq.http2 && strncmp(c->rq.url, "https:", 6) != 0;
}

static void set_version(struct http_call *c, long v)
{
	if (v == c->version)
		return;
	c->version = v;
	curl_easy_setopt(c->easy, CURLOPT_HTTP_VERSION, v);
	curl_easy_setopt(c->easy, CURLOPT_PIPEWAIT, (long)c->rq.http2); /* one connection, not one each */
}

static void set_prior(struct http_call *c, bool prior)
{
	c->prior = prior;
	set_version(c, prior ? (long)CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE : (long)CURL_HTTP_VERSION_2TLS);
}

void http_h2c_begin(struct http_call *c)
{
	c->opened_fd = -1;
	c->misfit = false;
	if (is_h2c(c))
		set_prior(c, c->rq.alone || !c->h->h2c_up);
	else
		set_version(c, c->rq.http2 ? (long)CURL_HTTP_VERSION_2TLS : (long)CURL_HTTP_VERSION_1_1);
}

bool http_h2c_fits(struct http_call *c)
{
	bool opened = c->opened_fd >= 0;

	if (!is_h2c(c))
		return true;
	if (opened && !c->prior) /* it has said nothing yet, and nobody may take it for what it is not */
		shutdown(c->opened_fd, SHUT_RDWR);
	c->h->h2c_up = c->prior || !opened;
	c->misfit = opened != c->prior;
	c->opened_fd = -1;
	return !c->misfit;
}

bool http_h2c_go_again(struct http_call *c)
{
	if (!c->misfit || c->aborted)
		return false;
	c->misfit = false;
	set_prior(c, !c->prior);
	return true;
}
