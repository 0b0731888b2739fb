# frozen_string_literal: true

# kill -9 of the dump's child, of Sidekiq, of hdad and of Redis at random moments, while jobs run and dumps are made without pause.
# HDA_DRILL_ROUNDS: 100 in `make drills`, 12 in `make check`. The seed is printed. SPDX-License-Identifier: BSD-2-Clause
require_relative "helper"

class KillDrill < DrillTest
  VICTIMS = ([:child] * 4 + [:daemon] * 3 + [:redis] * 2 + [:parent]).freeze
  FIRST = %i[child daemon redis parent].freeze # each is met in a short run, too
  THREADS = 4
  JOBS = 60 # a round
  EVERY = 15

  def test_nothing_is_lost_by_kill_9_at_random_moments
    @random = Random.new(Minitest.seed)
    @ledger = "#{@dir}/ledger"
    FileUtils.touch(@ledger)
    @redis = Rig::Redis.new(@dir, durable: true).start
    @env = environment(REDIS_SOCKET: @redis.socket, LEDGER: @ledger, HDA_EVERY: EVERY, HDA_DEADLINE: 30).transform_values(&:to_s)
    @next = 0
    @lost = Hash.new(0)
    @killed = Hash.new(0)
    @orphans = []
    sidekiq
    rounds = number("HDA_DRILL_ROUNDS", 12)
    rounds.times { |i| round(i < FIRST.size ? FIRST[i] : VICTIMS.sample(random: @random)) }
    check_life
    a_dump_still_goes_through
    puts "# #{rounds} rounds: killed #{@killed}; jobs #{@next}, in flight when Sidekiq or Redis was killed and put in again: #{@lost}"
  ensure
    @redis&.stop(:KILL)
  end

  def round(victim)
    jobs = enqueue(JOBS)
    begun = 1 + @random.rand(JOBS / 2)
    await("#{begun} jobs of the round") { progress(jobs, "begun") >= begun }
    child = dump_child(victim)
    @killed[victim] += 1
    public_send("kill_#{victim}", child)
    settle(victim)
    look_after(victim)
  end

  # Where the moment must be inside of a dump; else any moment is good.
  def dump_child(victim)
    child = nil
    return Rig.children(@sidekiq).first unless victim == :child
    await("a dump's child") { more_jobs; child = Rig.children(@sidekiq).find { |pid| Rig.running?(pid) } }
    child
  end

  # A dump is due again, whatever failed before.
  def more_jobs
    enqueue(EVERY) if queue_empty?
  end

  def kill(pid)
    Process.kill(:KILL, pid)
  rescue Errno::ESRCH
    nil # a moment too late: that, too, is a moment
  end

  def kill_child(child)
    kill(child)
  end

  def kill_daemon(_child)
    @daemon.stop(:KILL)
    @daemon.start
  end

  def kill_redis(_child)
    @redis.stop(:KILL)
    @redis.start
  end

  def kill_parent(child)
    check_life
    @orphans << child if child
    Rig.finish(@sidekiq, :KILL)
    sidekiq
  end

  def sidekiq
    @sidekiq = Rig.launch(@env, "sidekiq", "-r", "#{__dir__}/kill_app.rb", "-c", THREADS.to_s, "-q", "default",
                          log: "#{@dir}/sidekiq.log", dir: @dir)
    @pids << @sidekiq
    @life = nil
    @rounds_of_life = 0
  end

  def enqueue(n)
    jobs = (@next...(@next + n)).to_a
    @next += n
    push(jobs)
    jobs
  end

  # As Sidekiq's client writes it: class, arguments, jid.
  def push(jobs)
    UNIXSocket.open(@redis.socket) do |s|
      jobs.each do |i|
        job = JSON.generate("class" => "LedgerJob", "args" => [i], "jid" => format("%024x", i), "queue" => "default", "retry" => false,
                            "created_at" => Time.now.to_f, "enqueued_at" => Time.now.to_f)
        words = ["LPUSH", "queue:default", job]
        s.write("*3\r\n" + words.map { |w| "$#{w.bytesize}\r\n#{w}\r\n" }.join)
        assert_match(/\A:/, s.gets)
      end
    end
  end

  def lines(kind)
    File.readlines(@ledger).map(&:split).select { |k, _| k == kind }.map { |_, i| i.to_i }
  end

  def progress(jobs, kind)
    (lines(kind) & jobs).size
  end

  # All jobs so far are done. What Sidekiq held in its hands when it or Redis was killed, nobody gives back (that is so without
  # hda, too): those, at most one a thread, are put in again, and counted. After any other kill not one may be missing.
  def settle(victim)
    if %i[parent redis].include?(victim)
      await("at most one job a thread is missing after the kill of #{victim}") { queue_empty? && missing.size <= THREADS }
      @lost[victim] += missing.size
      push(missing)
    end
    await("every job is done after the kill of #{victim}") { missing.empty? }
  end

  def queue_empty?
    @redis.command("LLEN", "queue:default") == ":0\r\n"
  end

  def missing
    (0...@next).to_a - lines("done")
  end

  def look_after(victim)
    assert Rig.running?(@sidekiq), "Sidekiq lives on after the kill of #{victim}"
    await("no zombie after the kill of #{victim}") { Rig.children(@sidekiq).none? { |pid| Rig.state(pid) == "Z" } }
    await("the dump's child of a killed parent ends") { @orphans.reject! { |pid| !Rig.running?(pid) }; @orphans.empty? }
    @rounds_of_life += 1
    # Its second round: connections and buffers are as many as they will be.
    @life ||= measure if @rounds_of_life == 2
  end

  def measure
    [Rig.fds(@sidekiq), Rig.threads(@sidekiq), Rig.status_kb(@sidekiq, "VmRSS")]
  end

  # Descriptors, threads and memory of a life of several rounds did not grow. One dump under way has one socket.
  def check_life
    return unless @life && @rounds_of_life > 3
    base = @life
    now = nil
    await("descriptors and threads as before: #{base}, now #{measure}", 20) { now = measure; now[0] <= base[0] + 4 && now[1] <= base[1] + 1 }
    assert_operator now[2], :<, base[2] * 1.25 + 10_000, "RSS is flat over #{@rounds_of_life} rounds"
  end

  def a_dump_still_goes_through
    whole = -> { @daemon.dumps.count { |d| !d["partial"] && d["pid"] == @sidekiq } }
    before = whole.call
    await("a whole dump after all that: no lease is stuck", 60) { more_jobs; whole.call > before }
    assert_operator whole.call, :>, 0
  end
end
