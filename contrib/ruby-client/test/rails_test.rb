# frozen_string_literal: true

# The Railtie in Rails 6.1: options, the logger, requests and jobs by name. SPDX-License-Identifier: BSD-2-Clause
require_relative "helper"

class RailsTest < HdaTest
  APP = <<-'RUBY'
    require "helper"
    require "rails"
    require "action_controller/railtie"
    require "active_job/railtie"
    require "hda/rails" # the helper has loaded hda before Rails was there
    require "stringio"
    OUT = StringIO.new
    module Shop
      class Application < Rails::Application
        config.eager_load = false
        config.logger = ActiveSupport::Logger.new(OUT)
        config.log_level = :warn
        config.secret_key_base = "0" * 64
        config.active_job.queue_adapter = :inline
        config.hosts.clear
        config.hda.socket = ENV.fetch("SOCK")
        config.hda.every = 1000
        config.hda.headroom = 0
      end
    end
    class MailJob < ActiveJob::Base
      def perform(fail = false) = fail && raise("job failed")
    end
    class OrdersController < ActionController::Base
      def index
        MailJob.perform_later # inline: a job inside of a request is part of it
        head :ok
      end
    end
    Rails.application.initialize!
    Rails.application.routes.draw { get "/orders", to: "orders#index" }
    get = ->(path) { Rails.application.call(Rack::MockRequest.env_for(path))[0] }
  RUBY

  def app(code)
    skip "no Rails" unless ruby('require "rails"; require "action_controller/railtie"; require "active_job/railtie"')[2]
    out, err, good = ruby(APP + code, { "SOCK" => @path, "RAILS_ENV" => "production" })
    assert good, err
    out.split("\n")
  end

  def test_requests_and_jobs_count_by_their_names
    d = serve { |s, _| s.take }
    out = app(<<-'RUBY')
      p get.call("/orders"), get.call("/nothing"), Hda.status[:jobs]
      3.times { MailJob.perform_later }
      begin
        MailJob.perform_now(true)
      rescue RuntimeError => e
        p e.message
      end
      p Hda.status[:jobs], Hda.dump!(wait: true), OUT.string.include?("hda: ")
    RUBY
    assert_equal ["200", "404", "2", '"job failed"', "6", "true", "false"], out
    assert_equal [{ "MailJob" => 4 }, "shop"], [d.sessions[0].header["job_mix"], d.sessions[0].hello["app"]]
  end

  # Started by the environment when Ruby started, before the application had said anything.
  def test_options_beat_the_environment_beside_auto
    skip "no Rails" unless ruby('require "rails"; require "action_controller/railtie"; require "active_job/railtie"')[2]
    out, err, = ruby(APP + 'p Hda.instance_variable_get(:@agent).instance_variable_get(:@config).every, Hda.dump!(wait: true), OUT.string',
                     { "SOCK" => "/nonexistent/sock", "RAILS_ENV" => "production", "HDA" => "1", "HDA_EVERY" => "7" }, "-rhda/auto")
    assert_equal ["1000", '"no daemon at /nonexistent/sock (ENOENT)"'], out.split("\n").first(2), err
    out, err, = ruby(APP.sub("config.hda.headroom = 0", "config.hda.enabled = false") + "p Hda.started?",
                     { "SOCK" => "/nonexistent/sock", "RAILS_ENV" => "production", "HDA" => "1" }, "-rhda/auto")
    assert_equal "false\n", out, err
  end

  def test_what_goes_wrong_goes_to_the_logger_of_rails
    out = app('3.times { Hda.dump!(wait: true) }; p OUT.string.lines.size, OUT.string[0, 12]')
    assert_equal ["1", '"hda: absent:"'], out
  end
end
