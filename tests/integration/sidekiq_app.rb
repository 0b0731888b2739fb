# frozen_string_literal: true

# For sidekiq.sh: the application that real Sidekiq loads. SPDX-License-Identifier: BSD-2-Clause
# Environment: REDIS_SOCKET, TRUTH (a file for what Ruby says of its heap), HDA_* for the gem.
require "sidekiq"

redis = { url: "unix://#{ENV.fetch('REDIS_SOCKET')}", size: 5 }
Sidekiq.configure_client { |c| c.redis = redis }
Sidekiq.configure_server { |c| c.redis = redis }

# One object a job is kept: the dump named 2000 holds 2000 of them.
class KeptRow
end

class LeakJob
  include Sidekiq::Worker
  sidekiq_options retry: false
  EVERY = 1000
  PATIENCE_S = 30
  KEPT = [] # rubocop:disable Style/MutableConstant

  def perform(i)
    KEPT << KeptRow.new
    # Whole and swept right before a dump is due, so that count_objects below counts what the dump will.
    GC.start if (i % EVERY).zero?
    # On a busy machine the dump before may still run when the next one is due: its second half waits for it.
    wait_for_dump(i / EVERY) if i % EVERY > EVERY / 2
    sleep 0.002
    raise "job #{i} fails" if i % 700 == 350
  end

  def wait_for_dump(n)
    limit = Process.clock_gettime(Process::CLOCK_MONOTONIC) + PATIENCE_S
    sleep 0.02 while Hda.status[:dumps] < n && Process.clock_gettime(Process::CLOCK_MONOTONIC) < limit
  end
end

# Outside of the gem's middleware: right after the tick that made a dump due.
class Truth
  def call(_worker, _job, _queue)
    yield
  ensure
    n = Hda.status[:jobs]
    if (n % LeakJob::EVERY).zero?
      h = ObjectSpace.count_objects
      File.open(ENV.fetch("TRUTH"), "a") { |f| f.puts "#{n} #{h[:TOTAL] - h[:FREE]} #{Process.pid}" }
    end
  end
end

if Sidekiq.server?
  require "hda/sidekiq"
  Sidekiq.configure_server { |c| c.server_middleware { |chain| chain.prepend(Truth) } }
end
