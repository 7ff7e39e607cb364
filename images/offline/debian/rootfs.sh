#!/bin/sh
# A root file system like the official slim Debian images, from the distribution's packages:
#   rootfs.sh SUITE FOLDER [MIRROR [SECURITY_MIRROR]]
# Without a mirror debootstrap takes its own default. Needs root.
set -eu
suite=$1 folder=$2 mirror=${3:-} security=${4:-}

debootstrap --variant=minbase --include=ca-certificates "$suite" "$folder" ${mirror:+"$mirror"}

sources=$folder/etc/apt/sources.list
if [ -n "$mirror" ]; then
    echo "deb $mirror $suite-updates main" >>"$sources"
fi
if [ -n "$security" ]; then
    echo "deb $security $suite-security main" >>"$sources"
fi

# What is left out now stays left out when packages are installed later.
cat >"$folder/etc/dpkg/dpkg.cfg.d/slim" <<'END'
path-exclude /usr/share/doc/*
path-include /usr/share/doc/*/copyright
path-exclude /usr/share/info/*
path-exclude /usr/share/locale/*
path-exclude /usr/share/man/*
END
cat >"$folder/etc/apt/apt.conf.d/slim" <<'END'
APT::Install-Recommends "false";
Acquire::Languages "none";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb || true"; };
END
printf '#!/bin/sh\nexit 101\n' >"$folder/usr/sbin/policy-rc.d"
chmod 0755 "$folder/usr/sbin/policy-rc.d"

find "$folder/usr/share/doc" -type f ! -name copyright -delete
find "$folder/usr/share/doc" -depth -type d -empty -delete
find "$folder/dev" -mindepth 1 -delete
rm -rf "$folder/usr/share/info" "$folder/usr/share/locale" "$folder/usr/share/man" \
    "$folder"/var/cache/apt/* "$folder"/var/lib/apt/lists/* "$folder"/var/log/* "$folder"/tmp/*
mkdir -p "$folder/var/lib/apt/lists/partial" "$folder/var/cache/apt/archives/partial"
rm -f "$folder/etc/hostname" "$folder/etc/resolv.conf"
