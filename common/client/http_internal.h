/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the client's own parts: http.c (life, starting, ending), http_curl.c (what a request says to curl
 * and what curl says back), http_multi.c (curl on the loop), http_run.c (the blocking side), and rest.c.
 */
#ifndef CLIENT_HTTP_INTERNAL_H
#define CLIENT_HTTP_INTERNAL_H

#include <curl/curl.h>
#include <stdatomic.h>

#include "base/list.h"
#include "client/http.h"
#include "loop/loop.h"

#define HTTP_BODY_KEEP_MAX 65536 /* reply buffers above this are not kept with a free handle */
#define HTTP_URL_IN_MESSAGE_MAX 200

enum call_state { CALL_IDLE, CALL_WAITING, CALL_RUNNING };

struct http_call {
	struct http *h;
	CURL *easy;
	struct list link; /* in idle, waiting or running */
	enum call_state state;
	struct list fed; /* in http.fed: on HTTP/2, got data in this round */
	bool aborted;	 /* inside a callback; reaped after it */
	bool held;	 /* takes no data now */
	struct http_request rq;
	void *owned; /* copies that rq points to, of http_start */
	struct http_reply reply;
	http_done_fn *done;
	void *done_arg;

	struct loop_timer timer; /* may fire early for a stream, never late */
	int64_t timeout_ns;	 /* 0 = no timer */
	int64_t last_ns;	 /* start, or the last byte of a stream */

	struct curl_slist *headers; /* as set on the handle */
	bool special;		    /* auth or unix socket are set on the handle */
	long version;		    /* of HTTP, as set on the handle */
	size_t body_sent;	    /* of an unended body */
	bool stopped, too_large, saw_location;
	bool prior;	  /* tells curl that the connection will be HTTP/2: http_h2c.c */
	bool misfit;	  /* that was wrong */
	int opened_fd;	  /* the connection that this call has opened; -1: none */
	bool begun, worn; /* the handle has made this request; it made it again, and is not kept */
	bool unknown;	  /* it was sent, and the connection broke */
	size_t received;
	char curl_error[CURL_ERROR_SIZE];
};

struct http_socket {
	struct loop_io io;
	struct http *h;
	uint8_t wanted; /* CURL_POLL_IN | CURL_POLL_OUT */
	bool ours;	/* a connection: we are told when it closes (curl's resolver has others) */
};

struct http {
	struct loop *loop;
	bool own_loop;
	CURLM *multi;
	CURLSH *share; /* TLS sessions, which curl otherwise keeps per easy handle */
	struct http_tls tls;
	int max_connections;
	bool env_proxy;
	struct loop_timer curl_timer;
	struct list idle, waiting, running, fed;
	size_t n_idle, n_busy;
	struct http_socket **sockets; /* by descriptor */
	size_t n_sockets;
	bool in_curl;
	int h2_fd;   /* of the HTTP/2 connection that was opened last; -1: none */
	bool h2c_up; /* there is an HTTP/2 connection without TLS, as far as known */
	bool reap;   /* some call was aborted inside a callback */
	atomic_bool canceled;
};

/* ---- http.c ---- */

/* As http_start, but all that rq points to must stay until `done`. */
struct http_call *http_start_borrowed(struct http *h, const struct http_request *rq, http_done_fn *done,
				      void *done_arg);
void http_call_end(struct http_call *c);   /* calls done unless the call was aborted */
void http_call_leave(struct http_call *c); /* out of curl and of every list, still allocated */
void http_call_recycle(struct http_call *c);
bool http_canceled(const struct http *h);
struct loop *http_loop(struct http *h);

/* ---- http_curl.c ---- */

struct http_call *http_call_new(struct http *h);
void http_call_free(struct http_call *c);
void http_call_set_up(struct http_call *c); /* rq is set: tells curl */
void http_call_fail(struct http_call *c, CURLcode code);
bool http_call_unsent(struct http_call *c);

/* ---- http_h2c.c ---- */

void http_h2c_begin(struct http_call *c);    /* sets the version of HTTP */
bool http_h2c_fits(struct http_call *c);     /* before the first byte; false: end the attempt */
bool http_h2c_go_again(struct http_call *c); /* the attempt has ended: whether to make another one */

/* ---- http_multi.c ---- */

void http_multi_init(struct http *h);
void http_multi_enter(struct http_call *c);
void http_multi_go_on(struct http_call *c);
void http_multi_time_out(void *call); /* its timer's function */
curl_socket_t http_open_socket(void *call, curlsocktype purpose, struct curl_sockaddr *a);
int http_close_socket(void *h, curl_socket_t fd);

#endif
