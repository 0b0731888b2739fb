# frozen_string_literal: true

# One line per class of failure per hour. SPDX-License-Identifier: BSD-2-Clause
module Hda
  class Reporter
    EVERY_S = 3600.0

    # logger: anything with warn; nil: Rails' or Sidekiq's, else standard error.
    def initialize(logger)
      @logger = logger
      @said = {}
    end

    # Any thread; never raises. Never called in a dump's child.
    def say(kind, text)
      now = Process.clock_gettime(Process::CLOCK_MONOTONIC)
      last = @said[kind]
      return if last && now - last < EVERY_S
      @said[kind] = now
      line = "hda: #{kind}: #{text}".scrub("?").gsub(/\s*[[:cntrl:]]\s*/, " ") # one line, whatever an error's message holds
      out = @logger || app_logger
      out ? out.warn(line) : $stderr.write("#{line}\n")
    rescue StandardError
      nil
    end

    private

    def app_logger
      return ::Rails.logger if defined?(::Rails) && ::Rails.respond_to?(:logger) && ::Rails.logger
      ::Sidekiq.logger if defined?(::Sidekiq) && ::Sidekiq.respond_to?(:logger)
    end
  end
end
