#!/bin/sh
# A Rails application that gets the gem as its README says (one line in the Gemfile, options in config/application.rb), with real
# Puma, real Sidekiq behind ActiveJob, real Redis and a real hdad. Rails 6.1 in parts, from Debian. SPDX-License-Identifier: BSD-2-Clause
. "$top_srcdir/tests/tap.sh"
share 1 # in clang's suite
[ -n "${RUBY:-}" ] || skip_all 'no ruby'
for tool in sidekiq redis-server puma jq; do
	command -v $tool >/dev/null || skip_all "no $tool"
done
for part in rails action_controller active_job sidekiq bundler; do
	"$RUBY" -r$part -e 1 2>/dev/null || skip_all "this ruby has no $part"
done
. "$top_srcdir/tests/integration/lib.sh"
web=
jobs=
end_all() {
	for pid in $web $jobs $redis_pid; do kill -9 "$pid" 2>/dev/null; done
	hda_cleanup
}
trap end_all EXIT
gem=$(cd "$top_srcdir/contrib/ruby-client" && pwd)
app=$work/shop
mkdir -p "$app/config/initializers" "$app/app/jobs" "$app/app/controllers"
export HDA_RUNTIME_DIR="$work/run" HDA_SOCKET="$work/run/ingest.sock" REDIS_URL="unix://$work/redis.sock" RAILS_ENV=production
unset RUBYOPT HEAP_DUMP HDA RUBYLIB BUNDLE_GEMFILE

# --- The application as it was: without the gem. ---
cat >"$app/Gemfile" <<'APP'
gem "railties"
gem "activejob"
gem "puma"
gem "sidekiq"
APP
cat >"$app/config/application.rb" <<'APP'
require "bundler/setup"
require "rails"
require "action_controller/railtie"
require "active_job/railtie"
Bundler.require
module Shop
  class Application < Rails::Application
    config.load_defaults 6.1
    config.eager_load = true
    config.logger = ActiveSupport::Logger.new($stdout, level: :warn)
    config.secret_key_base = "0" * 64
    config.active_job.queue_adapter = :sidekiq
  end
end
APP
printf '%s\n' 'require_relative "application"' 'Rails.application.initialize!' >"$app/config/environment.rb"
printf '%s\n' 'require_relative "config/environment"' 'run Rails.application' >"$app/config.ru"
printf '%s\n' 'Rails.application.routes.draw { get "/orders", to: "orders#index" }' >"$app/config/routes.rb"
cat >"$app/app/controllers/orders_controller.rb" <<'APP'
class OrdersController < ActionController::Base
  def index
    MailJob.perform_later("order")
    render plain: "#{Process.pid}\n"
  end
end
APP
cat >"$app/app/jobs/mail_job.rb" <<'APP'
class MailJob < ActiveJob::Base
  SENT = []
  def perform(what)
    SENT << what.dup
  end
end
APP

in_app() { (cd "$app" && "$@"); }
# What the application says of hda once it is loaded.
loaded() { in_app "$RUBY" -e 'require "./config/environment"; puts [defined?(Hda) ? Hda.started? : :none, Rails.application.middleware.count { |m| m.name == "Hda::Rack" }, Thread.list.map(&:name).count("hda")].join(" ")' 2>&1; }
is 'the application without the gem runs' "$(loaded)" 'none 0 0'
is 'by the environment alone, nothing of it changed' "$(RUBYLIB=$gem/lib RUBYOPT=-rhda/auto HDA=1 loaded)" 'true 1 0'

# --- Now as the README says: one line in the Gemfile, options in config/application.rb. ---
printf 'gem "hda", path: "%s"\n' "$gem" >>"$app/Gemfile"
sed -i 's/^    config.load_defaults.*/&\n    config.hda.every = 20\n    config.hda.min_interval = 0\n    config.hda.jitter = 0\n    config.hda.headroom = 0/' "$app/config/application.rb"
is 'with the gem it starts, counts requests, and has no thread yet' "$(loaded)" 'true 1 0'
is 'HDA=0 switches it off' "$(HDA=0 loaded | cut -d ' ' -f 1,3)" 'false 0'
printf '%s\n' 'Rails.application.config.hda.enabled = false' >"$app/config/initializers/hda.rb"
is 'so does an initializer' "$(loaded | cut -d ' ' -f 1,3)" 'false 0'
rm "$app/config/initializers/hda.rb"

ok 'Redis starts' redis_start
ok 'hdad starts' hdad_start
(cd "$app" && exec puma -t 1:2 -b "unix://$work/web.sock" config.ru) >"$work/web.log" 2>&1 &
web=$!
(cd "$app" && exec sidekiq -r . -c 2) >"$work/jobs.log" 2>&1 &
jobs=$!
get() {
	"$RUBY" -rsocket -e 'ARGV[1].to_i.times { UNIXSocket.open(ARGV[0]) { |s| s.write("GET /orders HTTP/1.0\r\nHost: shop\r\n\r\n"); puts s.read.split("\r\n\r\n", 2)[1] } }' "$work/web.sock" "$1" 2>/dev/null
}
ok 'Puma listens' wait_for 60 [ -S "$work/web.sock" ]
is '45 requests are answered' "$(get 45 | sort | uniq -c | tr -s ' ')" " 45 $web"
counters() { "$hdactl" --json dumps --all | jq -c "[.rows[] | select(.pid == $1) | .counter] | sort"; }
two_of() { [ "$(counters "$1" | jq length)" -ge 2 ]; }
ok 'the requests made dumps' wait_for 60 two_of "$web"
ok 'the jobs made dumps' wait_for 60 two_of "$jobs"
# Requests and jobs go on while a dump is made: the next is due 20 from where the fork was.
is 'the first after 20 requests' "$(counters "$web" | jq '.[0] >= 20 and .[0] < 45')" true
is 'the first after 20 jobs: a job of ActiveJob on Sidekiq counts once' "$(counters "$jobs" | jq '.[0] >= 20 and .[0] < 45')" true
newest() { "$hdactl" --json dumps --all | jq "[.rows[] | select(.pid == $1) | .dump] | max"; }
who() { "$hdactl" --json show "$(newest "$1")" | jq -r '.rows[0].app'; }
is 'the web process says who it is' "$(who "$web")" shop/puma
is 'so does the job process' "$(who "$jobs")" shop/sidekiq
status=0
"$hdactl" dump --pid "$jobs" --wait >"$work/out" 2>"$work/err" || status=$?
is 'hdactl dump --pid --wait on the live Sidekiq: exit 0' $status 0
like 'it says what the dump was' "$(cat "$work/out")" '^dump [0-9]+: [0-9 ]+ objects'
ok 'and it can be read' [ "$("$hdactl" --json top "$(newest "$jobs")" --by class -n 0 | jq '.rows | length')" -gt 50 ]
for pid in $web $jobs; do kill -TERM "$pid"; done
both_end() { dead "$web" && dead "$jobs"; }
ok 'both end when told' wait_for 30 both_end
web=
jobs=
is 'the gem complained of nothing' "$(cat "$work/web.log" "$work/jobs.log" | grep -c 'hda: ')" 0
[ "$tap_failed" -eq 0 ] || { diag "$(tail -20 "$work/web.log")"; diag "$(tail -20 "$work/jobs.log")"; }
redis_stop
hdad_stop
is 'hdad ends with 0' "$hdad_status" 0
done_testing
