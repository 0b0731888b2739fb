# frozen_string_literal: true

# Whom a dump is sent to: the socket, its folders, who listens. SPDX-License-Identifier: BSD-2-Clause
require_relative "helper"
require "minitest/mock"

class LinkTest < HdaTest
  OTHER = 54_321 # a user of nobody

  # What connecting says: [kind, text]; nil when it was greeted.
  def refusal(path = @path)
    config = Hda::Config.new({ socket: path, app: "t" }, {})
    Hda::Link.new(config, Hda::Host.identity(config), "ingest").close
    nil
  rescue Hda::Postponed => e
    [e.kind, e.message]
  end

  # A stand-in at DIR/name/ingest.sock, and the path.
  def below(*names)
    @dir = File.join(@dir, *names).tap { |d| FileUtils.mkdir_p(d, mode: 0o755) }
    @path = "#{@dir}/ingest.sock"
    serve { |s, _| s.welcome }
  end

  def setup
    super
    @top = @dir
  end

  def teardown
    super
    FileUtils.rm_rf(@top)
  end

  def needs_root
    skip "needs root" unless Process.euid.zero?
  end

  def nothing_came(server)
    assert_empty server.sessions.map(&:hello).compact
  end

  def test_all_is_well
    below("run")
    assert_nil refusal
  end

  def test_a_sticky_folder_above_will_do_and_no_other
    d = below("open", "run")
    File.chmod(0o1777, "#{@top}/open")
    assert_nil refusal
    File.chmod(0o777, "#{@top}/open")
    assert_equal [:socket, "#{@path} lies below #{@top}/open, that others may write to: nothing is sent there"], refusal
    assert_equal 1, d.sessions.size
  end

  def test_folders_of_somebody_else
    needs_root
    d = below("theirs", "run")
    File.chown(OTHER, nil, "#{@top}/theirs")
    assert_match(/lies below #{@top}\/theirs/, refusal[1])
    File.chown(0, nil, "#{@top}/theirs")
    File.chown(OTHER, nil, @dir)
    assert_match(/belongs to somebody else/, refusal[1])
    nothing_came(d)
  end

  # The path's checks hold for where a link leads, not for where it lies.
  def test_a_symbolic_link_is_followed_first
    d = below("open", "run")
    File.chmod(0o777, "#{@top}/open")
    File.symlink(@path, "#{@top}/link.sock")
    assert_match(/lies below #{@top}\/open/, refusal("#{@top}/link.sock")[1])
    nothing_came(d)
  end

  # The socket's file is ours, who listens is not: it changed hands.
  def test_a_listener_who_is_somebody_else
    needs_root
    r, w = IO.pipe
    File.chmod(0o777, @dir)
    pid = fork do
      Process::Sys.setuid(OTHER)
      server = UNIXServer.new(@path)
      w.puts "there"
      s = server.accept
      w.puts s.read.bytesize
      w.close
      exit!(0)
    end
    w.close
    assert_equal "there\n", r.gets
    File.chown(0, 0, @path)
    File.chmod(0o755, @dir)
    assert_equal [:socket, "#{@path}: user #{OTHER} listens there: nothing is sent"], refusal
    assert_equal "0\n", r.gets, "not a byte"
  ensure
    Process.wait(pid) if pid
  end

  def test_the_daemons_user_is_trusted
    needs_root
    below("run")
    File.chown(OTHER, nil, @path)
    File.chown(OTHER, nil, @dir)
    assert_match(/belongs to somebody else/, refusal[1])
    Etc.stub(:getpwnam, ->(name) { name == "hda" ? Struct.new(:uid).new(OTHER) : flunk(name) }) { assert_nil refusal }
  end

  def test_what_cannot_be_a_socket
    assert_equal :socket, refusal(@dir)[0]
    assert_equal :absent, refusal("/nonexistent/sock")[0]
    long = "#{@dir}/#{'x' * 120}"
    File.write(long, "")
    assert_equal :socket, refusal(long)[0]
    below("y" * 60)
    deep = "#{@dir}/#{'z' * 60}"
    Dir.chdir(@dir) { UNIXServer.new("s") }
    File.rename("#{@dir}/s", deep)
    assert_equal :socket, refusal(deep)[0], "a path longer than a Unix socket's may be"
    File.symlink("#{@dir}/loop", "#{@dir}/loop")
    assert_equal :daemon, refusal("#{@dir}/loop")[0]
  end

  def test_a_daemon_that_refuses_is_quoted
    serve { |s, _| s.frame; s.send(Hda::Wire::ERROR, "code" => 303, "text" => "shutting down") }
    assert_equal [:refused, "303 shutting down"], refusal
  end

  def test_a_daemon_that_answers_something_else
    serve { |s, _| s.frame; s.send(Hda::Wire::GO, {}) }
    assert_equal [:daemon, "frame #{Hda::Wire::GO} where WELCOME was due"], refusal
  end
end
