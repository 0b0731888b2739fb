# frozen_string_literal: true

# Options: explicit beats environment beats default. SPDX-License-Identifier: BSD-2-Clause
module Hda
  class Config
    REVISIONS = %w[HDA_REVISION GIT_REV KAMAL_VERSION HEROKU_SLUG_COMMIT].freeze
    # name => [environment, default, kind]
    TABLE = {
      enabled: ["HDA", nil, :bool], socket: ["HDA_SOCKET", "/run/hda/ingest.sock", :text],
      app: ["HDA_APP", nil, :text], role: ["HDA_ROLE", nil, :text], revision: ["HDA_REVISION", nil, :text],
      every: ["HDA_EVERY", 1000, :count], jitter: ["HDA_JITTER", 0.1, :real], min_interval: ["HDA_MIN_INTERVAL", 60, :real],
      deadline: ["HDA_DEADLINE", 120, :real], ack_timeout: ["HDA_ACK_TIMEOUT", 30, :real],
      headroom: ["HDA_HEADROOM", 0.25, :real], trace: ["HDA_TRACE", false, :bool], logger: [nil, nil, :any]
    }.freeze
    attr_accessor(*TABLE.keys)

    def initialize(opts = {}, env = ENV)
      unknown = opts.keys - TABLE.keys
      raise ArgumentError, "hda: unknown option #{unknown.join(', ')}" unless unknown.empty?
      classic = env["HEAP_DUMP"] == "true"
      TABLE.each do |name, (var, default, kind)|
        v = opts.key?(name) ? opts[name] : (var && env[var] && !env[var].empty? ? parse(env[var], kind, var) : default)
        instance_variable_set("@#{name}", v)
      end
      @trace = true if classic && !opts.key?(:trace)
      @enabled = true if classic && @enabled.nil?
      raise ArgumentError, "hda: every: #{@every} is below 1" if @every < 1
      @app ||= File.basename(Dir.pwd)
      @role ||= File.basename($PROGRAM_NAME.to_s)[0, 64]
      @revision ||= guess_revision(env)
    end

    private

    def parse(text, kind, var)
      case kind
      when :bool then %w[1 true yes on].include?(text.downcase)
      when :count then Integer(text, 10)
      when :real then Float(text)
      else text
      end
    rescue ArgumentError
      raise ArgumentError, "hda: #{var}: #{text.inspect} is not a number"
    end

    def guess_revision(env)
      var = REVISIONS.find { |v| env[v] && !env[v].empty? }
      return env[var] if var
      File.file?("REVISION") ? File.read("REVISION", 64).to_s.strip : nil
    rescue SystemCallError
      nil
    end
  end
end
