# frozen_string_literal: true

# For sidekiq.sh: the application that real Sidekiq loads. SPDX-License-Identifier: BSD-2-Clause
# Environment: REDIS_SOCKET, TRUTH (a file for what Ruby says of its heap: a line a dump, counter, objects alive, objects in all), HDA_* for the gem.
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

# Outside of the gem's middleware: right after the tick that made a dump due. A collection may come between that and the fork, or not:
# the dump holds at least what lives now, and at most what stands in the heap now, beside what the jobs until the fork make.
class Truth
  LOCK = Mutex.new
  @seen = 0
  class << self
    attr_accessor :seen
  end

  def call(_worker, _job, _queue)
    yield
  ensure
    # Not "n is a multiple": the other thread may have ticked since.
    n = Hda.status[:jobs] / LeakJob::EVERY
    tell(n * LeakJob::EVERY) if LOCK.synchronize { n > Truth.seen && Truth.seen = n }
  end

  def tell(n)
    before = objects
    GC.start
    File.open(ENV.fetch("TRUTH"), "a") { |f| f.puts "#{n} #{objects} #{before}" }
  end

  def objects
    h = ObjectSpace.count_objects
    h[:TOTAL] - h[:FREE]
  end
end

if Sidekiq.server?
  require "hda/sidekiq"
  Sidekiq.configure_server { |c| c.server_middleware { |chain| chain.prepend(Truth) } }
end
