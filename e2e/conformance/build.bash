# SPDX-License-Identifier: Apache-2.0
# Upstream's end-to-end tests and daemons out of Debian's source package, and the images that the tests run. Each step leaves
# what it made in one folder and is not done again while that is there.

# The machine's own archives, asked for sources: neither form of its lists need name any.
source_lists() { # FOLDER
	local f
	mkdir -p "$1/sources"
	: >"$1/sources.list"
	for f in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
		case $f in
		*.list) [ ! -f "$f" ] || sed -n 's/^deb\( .*\)/deb-src\1/p' "$f" >>"$1/sources.list" ;;
		*.sources) sed 's/^Types:.*/Types: deb-src/' "$f" >"$1/sources/${f##*/}" ;;
		esac
	done
}
fetch_source() { # FOLDER
	local tree=$1/gopath/src/k8s.io/kubernetes
	[ -d "$tree/test/e2e" ] && return
	local apt=(apt-get -q -o "Dir::Etc::sourcelist=$1/sources.list" -o "Dir::Etc::sourceparts=$1/sources" -o "Dir::State::lists=$1/lists")
	mkdir -p "$1/lists/partial" "${tree%/*}"
	source_lists "$1"
	rm -rf "$tree"
	# an archive of somebody else that has no sources is no reason to stop
	(cd "$1" && { "${apt[@]}" update || :; } && "${apt[@]}" source --download-only kubernetes && dpkg-source --no-check -x kubernetes_*.dsc "$tree") >"$1/fetch.log" 2>&1 || {
		tail -n 3 "$1/fetch.log" >&2
		die "Debian's source of Kubernetes could not be had" "the whole output is in $1/fetch.log"
	}
}
# The package's own kubectl, unpacked beside the machine's: what the tests expect of its output is of that version.
fetch_kubectl() { # FOLDER
	[ -x "$1/kubectl/usr/bin/kubectl" ] && return
	(cd "$1" && apt-get download -q kubernetes-client && dpkg-deb -x kubernetes-client_*.deb kubectl) >"$1/fetch.log" 2>&1 ||
		die "Debian's kubernetes-client could not be had" "the whole output is in $1/fetch.log"
}

in_source() { # FOLDER COMMAND...: where a build of that age wants to be, with nothing from the network
	local at=$1
	shift
	(
		cd "$at/gopath/src/k8s.io/kubernetes" || exit
		PATH=/usr/lib/go-1.19/bin:$PATH GOCACHE=$at/gocache GOPATH=$at/gopath CGO_ENABLED=0 GO111MODULE=off GOPROXY=off nice "$@"
	)
}
go_build() { # FOLDER NAME PACKAGE
	[ -x "$1/bin/$2" ] && return
	step "building upstream's $2"
	in_source "$1" go build -o "$1/bin/$2" "$3"
}
# Files that the tests read travel inside the program (hack/generate-bindata.sh).
build_tests() { # FOLDER
	[ -x "$1/bin/e2e.test" ] && return
	step "building upstream's e2e.test"
	in_source "$1" "$1/bin/go-bindata" -nometadata -o test/e2e/generated/bindata.go -pkg generated -ignore .jpg -ignore .png -ignore .md -ignore 'BUILD(\.bazel)?' \
		test/conformance/testdata/... test/e2e/testing-manifests/... test/images/... test/fixtures/... &&
		in_source "$1" go test -c -o "$1/bin/e2e.test" ./test/e2e
}
conformance_build() { # FOLDER
	fetch_source "$1" && fetch_kubectl "$1" || return
	mkdir -p "$1/bin"
	{
		go_build "$1" go-bindata ./vendor/github.com/go-bindata/go-bindata/go-bindata && build_tests "$1" &&
			go_build "$1" agnhost ./test/images/agnhost && go_build "$1" nnp ./test/images/nonewprivs/nnp.go && go_build "$1" kube-controller-manager ./cmd/kube-controller-manager
	} 2>"$1/build.log" || {
		tail -n 10 "$1/build.log" >&2
		die "upstream's tests could not be built" "the whole output is in $1/build.log"
	}
}

conformance_images() { # FOLDER CLUSTER
	local name config files pair pairs
	local parts=$1/parts
	mkdir -p "$parts"
	echo '<html><body><h1>It works!</h1></body></html>' >"$parts/index.html"
	cp "$1/bin/agnhost" "$bin/pause" "$parts/"
	printf '#!/bin/sh\nexec busybox wget -q -O- "$@"\n' >"$parts/curl" # as much of it as hooks want
	chmod 755 "$parts/curl"
	install -m 6755 "$1/bin/nnp" "$parts/nnp" # with the right to become somebody else
	for name in kitten nautilus; do cp "$1/gopath/src/k8s.io/kubernetes/test/images/$name/html/data.json" "$parts/$name.json"; done
	while IFS='|' read -r name config files; do
		case $name in '#'* | '') continue ;; esac
		pairs=()
		for pair in $files; do pairs+=("${pair/=@/=$parts}"); done
		deploy/oci-image "$parts/image.tar" "${name% }" --config "$config" "${pairs[@]}" &&
			"$bin/nodeagent" image import "$parts/image.tar" --root-dir="$2/node" >"$1/import.log" 2>&1 || {
			tail -n 3 "$1/import.log" >&2
			return 1
		}
	done <e2e/conformance/images
}
