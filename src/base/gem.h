/* Which library a source file belongs to. SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <stddef.h>

#include "base/span.h"

enum { GEM_NAME = 128 }; /* bytes of a name with the NUL; longer is cut */

/* Writes the library of a file as Ruby names it into buf (at least GEM_NAME bytes, NUL-terminated) and returns its length:
 *
 *   .../gems/rack-2.2.22/lib/rack/utils.rb                       "rack-2.2.22"      the last gems/NAME-VERSION/ decides
 *   .../bundler/gems/rails-3fa9c1d0b2e4/activerecord/...         "rails-3fa9c1d0b2e4"   a git checkout of bundler
 *   /usr/share/rubygems-integration/all/gems/rack-2.2.4/...      "rack-2.2.4"       Debian's packages
 *   /usr/lib/ruby/vendor_ruby/sidekiq/job.rb                     "sidekiq vendor"   Debian's packages outside gems/
 *   /usr/lib/x86_64-linux-gnu/ruby/vendor_ruby/3.1.0/hiredis.so  "hiredis vendor"
 *   .../lib/ruby/3.1.0/json/common.rb                            "ruby-3.1.0 stdlib"
 *   .../lib/ruby/site_ruby/3.1.0/rubygems/...                    "ruby-3.1.0 site_ruby"
 *   <internal:kernel>                                            "ruby core"
 *   (eval at x.rb:1), (irb)                                      "eval"
 *   anything else, relative paths above all                      "app"
 *   no file (n == 0)                                             "" and 0
 *
 * Pure; any thread. */
size_t gem_name(struct span file, char *buf);

/* What of a file's name stays the same after a deploy and on another host, a suffix of file:
 *
 *   .../gems/rack-2.2.22/lib/rack/utils.rb              rack-2.2.22/lib/rack/utils.rb     the last gems/ decides
 *   /srv/shop/releases/20261124100000/app/a.rb          app/a.rb
 *   /srv/shop/current/app/a.rb, /srv/3fa9c1d/app/a.rb   app/a.rb        a directory of 7 hex digits or more is a release
 *   anything else                                       as it is
 *
 * Pure; any thread. */
struct span gem_relative(struct span file);
