/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec and attach: the streams of a process and those of a client, brought together (remotecommand.k8s.io). The client's
 * streams are named by the header streamType (SPDY) or are the channels 0 to 4. What the process wrote before its end is
 * always delivered before its exit code is; what it left running behind itself is not waited for.
 *
 * A client that goes away closes the process's input and output; the process is not killed.
 */
#ifndef STREAM_REMOTECOMMAND_H
#define STREAM_REMOTECOMMAND_H

#include "runtime/runtime.h"
#include "stream/session.h"

/* From v4 on the end is told as a Status, from v3 on terminals change their size, v5 closes channels. */
enum remotecommand_version {
	REMOTECOMMAND_V1 = 1,
	REMOTECOMMAND_V2,
	REMOTECOMMAND_V3,
	REMOTECOMMAND_V4,
	REMOTECOMMAND_V5
};

struct remotecommand_config {
	struct session_config s;
	enum remotecommand_version version;
	bool in, out, errors, tty; /* what the client has asked for */
	/* Runs on the lane. */
	int (*begin)(void *arg, struct runtime_stream *ret, struct err *err);
	void (*begun)(void *arg); /* on the loop: begin will not be called (any more); frees arg */
	void *arg;
	const char *
		command; /* "[sh -c x]", for the message of a non-zero exit; borrowed for the session's life */
	const char
		*failing; /* static: what begin did when it failed, "error executing command in container" */
};
/* c is copied. */
struct session *remotecommand_start(const struct remotecommand_config *c);

#endif
