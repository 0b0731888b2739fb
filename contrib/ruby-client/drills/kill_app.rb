# frozen_string_literal: true

# The application of the kill drill: each job leaves one line when it begins and one when it is done, in one write each.
# Environment: REDIS_SOCKET, LEDGER. SPDX-License-Identifier: BSD-2-Clause
require "sidekiq"

redis = { url: "unix://#{ENV.fetch('REDIS_SOCKET')}", size: 8 }
Sidekiq.configure_client { |c| c.redis = redis }
Sidekiq.configure_server { |c| c.redis = redis }

class LedgerJob
  include Sidekiq::Worker
  sidekiq_options retry: false
  LEDGER = File.open(ENV.fetch("LEDGER"), File::WRONLY | File::APPEND | File::CREAT)
  LEDGER.sync = true

  def perform(i)
    LEDGER.syswrite("begun #{i}\n")
    Array.new(500) { |j| "row #{i} #{j}" }.sort
    sleep 0.002
    LEDGER.syswrite("done #{i}\n")
  end
end

TABLE = Array.new(60_000) { |i| "row #{i} " * 2 }.freeze # a dump takes a moment

require "hda/sidekiq" if Sidekiq.server?
