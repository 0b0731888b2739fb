# frozen_string_literal: true

# hda: heap dumps for hdad, from a forked child, every so many jobs. SPDX-License-Identifier: BSD-2-Clause
require "hda/version"
require "hda/wire"
require "hda/host"
require "hda/config"
require "hda/child"
require "hda/agent"

module Hda
  @agent = nil
  @tracing = false
  class << self
    # Starts counting. Options: see Hda::Config. Raises ArgumentError for a wrong option; nothing else of hda raises.
    # On anything but MRI, or with HDA=0, it does nothing.
    def start(**opts)
      config = Config.new(opts)
      return false if config.enabled == false || RUBY_ENGINE != "ruby" || !Process.respond_to?(:fork)
      if config.trace && !@tracing
        require "objspace"
        ObjectSpace.trace_object_allocations_start
        @tracing = true
      end
      old = @agent
      @agent = Agent.new(config)
      old.stop if old
      true
    end

    # A job or a request is over. Any thread.
    def tick(klass = nil)
      a = @agent
      a.tick(klass) if a
    end

    # Asks for a dump now: true, or false when not started. Does not wait.
    def dump!(reason: "demand")
      a = @agent
      a ? a.request(reason.to_sym) : false
    end

    # What the gem is doing, as a Hash; nil when not started.
    def status
      a = @agent
      a && a.status
    end

    def stop
      a = @agent
      @agent = nil
      a.stop if a
      nil
    end

    def tracing?
      @tracing
    end

    def started?
      !@agent.nil?
    end
  end
end
