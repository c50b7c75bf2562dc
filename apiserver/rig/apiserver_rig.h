/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests of other daemons: an apiserver inside the test's own process, the real one from socket to disk
 * (every kind, admission, the sqlite engine in a temporary folder, TLS on a loopback port), and the
 * configuration of a client that may do everything. The only header of the apiserver that they see.
 *
 * Failures to start end the process: there is nothing to test then. One at a time. Under a fake clock
 * (base/clock.h) the timestamps of objects are the test's.
 */
#ifndef APISERVER_RIG_H
#define APISERVER_RIG_H

#include "client/rest.h"

struct apiserver_rig;
struct kinds;
/* wall_ns: the clock is faked at that time before any thread starts; 0 = the real clock. */
struct apiserver_rig *apiserver_rig_start(int64_t wall_ns);
const struct rest_config *apiserver_rig_config(const struct apiserver_rig *r); /* valid until the stop */
struct kinds *
apiserver_rig_kinds(const struct apiserver_rig *r); /* for the apiserver's own tests: kinds/kinds.h */
void apiserver_rig_stop(struct apiserver_rig *r);   /* clients must be gone; removes the folder */

#endif
